import { describe, expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent, type Server } from '../../../src/index.ts';
import { rawGlue, withoutWarning } from '../../support/raw-glue.ts';
import { assembleGuest, type WatGuest } from '../../support/wat-guest.ts';

const LIMIT = 1000;

async function serve(guest: WatGuest): Promise<{ readonly server: Server; readonly log: string[] }> {
  const log: string[] = [];
  const server = createServer(await loadComponent(await assembleGuest(guest)), {
    store: 'memory:',
    timeout: LIMIT,
    log(level, context, message) {
      const line = withoutWarning(`${level} ${context}: ${message}`);
      if (line !== '') log.push(line);
    },
  });
  onTestFinished(() => server.close(0));
  return { server, log };
}

describe('a guest that never returns is ended at its limit, alone, in', () => {
  test.each<[name: string, guest: WatGuest]>([
    ['a loop', { answer: '(loop (br 0)) (i32.const 200)' }],
    [
      'a loop that is left and entered again',
      { answer: '(loop (block (loop (br_if 1 (i32.const 1)))) (br 0)) (i32.const 200)' },
    ],
    [
      'recursion without a loop',
      {
        items: `(func $tree (param i32)
          (if (local.get 0) (then
            (call $tree (i32.sub (local.get 0) (i32.const 1)))
            (call $tree (i32.sub (local.get 0) (i32.const 1))))))`,
        answer: '(call $tree (i32.const 100)) (i32.const 200)',
      },
    ],
    [
      'calls through a table',
      {
        items: `(table 1 funcref) (elem (i32.const 0) $tree) (type $t (func (param i32)))
          (func $tree (type $t)
            (if (local.get 0) (then
              (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
              (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))`,
        answer: '(call $tree (i32.const 100)) (i32.const 200)',
      },
    ],
  ])(
    '%s',
    async (_, guest) => {
      const { server, log } = await serve(guest);
      await server.fetch(new Request('http://localhost/'));
      const workers = countWorkers();
      const began = performance.now();
      const responses = await Promise.all(
        [1, 2, 3].map(() => server.fetch(new Request('http://localhost/'))),
      );
      expect(responses.map(({ status }) => status)).toEqual([504, 504, 504]);
      expect(performance.now() - began).toBeGreaterThanOrEqual(LIMIT - 1);
      expect(workers()).toBe(0);
      expect(new Set(log)).toEqual(new Set([`error GET /: the guest did not respond within ${LIMIT} ms`]));
    },
    60_000,
  );

  /** With raw glue there is no instance before the first request. */
  test.skipIf(rawGlue)(
    'a start function: the server does not start',
    async () => {
      const { server } = await serve({
        items: '(func $spin (loop (br 0))) (start $spin)',
        answer: '(i32.const 200)',
      });
      await expect(server.listen(0)).rejects.toThrow(
        'the guest did not respond within 1000 ms while it was instantiated',
      );
    },
    60_000,
  );
});

/** The worker threads that this process has started since. */
function countWorkers(): () => number {
  let started = 0;
  const count = (): void => {
    started += 1;
  };
  process.on('worker', count);
  onTestFinished(() => void process.off('worker', count));
  return () => started;
}
