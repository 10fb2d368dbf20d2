import { describe, expect, onTestFinished, test } from 'vitest';
import { rawGlue } from '../support/raw-glue.ts';
import { share } from '../support/serving.ts';

/**
 * The digits in the path by which `nested.wasm` loops forever, see its `transport.wat`, in its innermost component: in a
 * function, in recursion without a loop, in `cabi_realloc` for an argument of another component, and in the post-return function
 * for a result of another component.
 */
const INNERMOST = [1, 2, 3, 4];

/** JavaScript is on the stack there. */
const BELOW_JAVASCRIPT = [
  ['a destructor, of a component that drops its own', 5],
  ['a destructor, of a component whose resource another one drops', 6],
  ['cabi_realloc, for what a host function returns', 7],
] as const;

/** The worker threads that this process has started since. */
function countWorkers(): () => number {
  let count = 0;
  const started = (): void => {
    count += 1;
  };
  process.on('worker', started);
  onTestFinished(() => void process.off('worker', started));
  return () => count;
}

describe.skipIf(rawGlue)('a guest that never returns, in', () => {
  const LIMIT = 3000;
  const limited = share('nested', { workers: 1, timeout: LIMIT });
  const patient = share('nested', { workers: 1 });
  const status = async ({ server }: typeof limited, place: number): Promise<number> =>
    (await server.fetch(new Request(`http://localhost/${place}`))).status;

  test('the innermost component: others are served meanwhile, and it alone is ended at its limit', async () => {
    const workers = countWorkers();
    expect(await status(limited, 0)).toBe(200);
    let over = 0;
    const began = performance.now();
    const endless = INNERMOST.map((place) =>
      status(limited, place).finally(() => {
        over += 1;
      }),
    );
    for (let n = 0; n < 4; n += 1) expect(await status(limited, 0)).toBe(200);
    expect(over).toBe(0);
    expect(await Promise.all(endless)).toEqual([504, 504, 504, 504]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(LIMIT - 1);
    expect(await status(limited, 0)).toBe(200);
    expect(workers()).toBe(0);
    expect(limited.log.sort()).toEqual(
      INNERMOST.map((place) => `error GET /${place}: the guest did not respond within ${LIMIT} ms`),
    );
  });

  test.each(BELOW_JAVASCRIPT)(
    '%s: others wait for a moment, and it alone is ended long before its limit',
    async (_, place) => {
      const workers = countWorkers();
      expect(await status(patient, 0)).toBe(200);
      const endless = status(patient, place);
      expect(await Promise.all([status(patient, 0), status(patient, 0), endless])).toEqual([200, 200, 504]);
      expect(workers()).toBe(0);
      expect(patient.log.splice(0)).toEqual([
        `error GET /${place}: the guest computed for more than 100 ms where it cannot be suspended`,
      ]);
    },
  );

  test('the post-return function of its handler: its response was sent, others wait for a moment', async () => {
    const workers = countWorkers();
    expect(await Promise.all([8, 0, 0].map((place) => status(patient, place)))).toEqual([200, 200, 200]);
    expect(workers()).toBe(0);
    expect(await patient.logged(/cannot be suspended/)).toMatch(/^error GET \/8: /);
  });
});
