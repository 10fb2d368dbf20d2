import { expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent } from '../../../src/index.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { assembleGuest } from '../../support/wat-guest.ts';

/** As many locals as V8 accepts: there is no room for one that counts. */
const LOCALS = `(local ${'i32 '.repeat(50_000)})`;

/** Responds to the first request of each instance, and loops forever in the next, in code that cannot ask. */
const guest = {
  items: '(global $calls (mut i32) (i32.const 0))',
  answer: `${LOCALS}
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (loop (br 0))))
    (i32.const 200)`,
};

test.skipIf(rawGlue)(
  'a guest whose code has no checks is ended with its worker, which is replaced',
  async () => {
    const component = await loadComponent(await assembleGuest(guest));
    const log: string[] = [];
    const server = createServer(component, {
      store: 'memory:',
      isolation: { reuse: 1000 },
      workers: 1,
      liveLimit: 1000,
      timeout: 2000,
      log: (level, context, message) => void log.push(`${level} ${context}: ${message}`),
    });
    onTestFinished(() => server.close(0));
    const status = async (): Promise<number> => (await server.fetch(new Request('http://localhost/'))).status;
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    expect(await status()).toBe(200);
    // One loops, and the others wait behind it: none stops when it is told to.
    expect(new Set(await Promise.all(Array.from({ length: 600 }, status)))).toEqual(new Set([504]));
    // 503 while the next worker starts.
    while ((await status()) !== 200);
    expect(new Set(log)).toEqual(new Set(['error GET /: the guest did not respond within 2000 ms']));
    // Node warns of listeners that pile up, for example if each of them ends the worker.
    expect(warnings).toEqual([]);
  },
  60_000,
);
