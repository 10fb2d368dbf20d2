import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent } from '../../../src/index.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { assembleGuest, type WatGuest } from '../../support/wat-guest.ts';

const HELD = expect.stringMatching(/^the guest computed for more than \d+ ms where it cannot be suspended/);

test.skipIf(rawGlue)(
  'a start function that loops in a later instance costs its request only',
  async () => {
    // A slow machine may need longer until the request that should go on has begun.
    for (const seconds of [4n, 8n, 16n]) {
      const until = process.hrtime.bigint() + seconds * 1_000_000_000n;
      const bytes = await assembleGuest(loopsInStartFrom(until));
      const log: string[] = [];
      const server = createServer(await loadComponent(bytes), {
        store: 'memory:',
        log: (level, _, message) => void (level === 'error' && log.push(message)),
      });
      onTestFinished(() => server.close(0));
      const get = async (): Promise<number> => (await server.fetch(new Request('http://localhost/'))).status;
      const hasStarted = await server.listen(0).then(
        () => true,
        () => false,
      );
      if (!hasStarted) continue;
      const began = get();
      while (process.hrtime.bigint() < until) await delay(20);
      const workers = countWorkers();
      const late = [await get(), await get()];
      // Otherwise it was late, too.
      if ((await began) !== 200) continue;
      expect(late).toEqual([504, 504]);
      expect(workers()).toBe(0);
      expect(log).toEqual([HELD, HELD]);
      return;
    }
    expect.unreachable('each time the request that had begun was lost');
  },
  120_000,
);

/**
 * A guest whose instances do not start from that time on, by the monotonic clock, and whose requests last until shortly after
 * it. Each request gets a new instance, because its start function calls the host.
 */
function loopsInStartFrom(time: bigint): WatGuest {
  return {
    before: `(import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock (export "now" (func (result u64)))))
      (core func $now (canon lower (func $clock "now")))
      (core instance $time (export "now" (func $now)))`,
    arguments: '(with "time" (instance $time))',
    items: `(import "time" "now" (func $now (result i64)))
      (func $begin (if (i64.ge_u (call $now) (i64.const ${time})) (then (loop (br 0)))))
      (start $begin)`,
    answer: `(loop (br_if 0 (i64.lt_u (call $now) (i64.const ${time + 100_000_000n}))))
      (i32.const 200)`,
  };
}

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
