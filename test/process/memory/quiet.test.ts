import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLedger } from '../../../src/process/memory/ledger.ts';
import { createMemoryWatch, type MemoryWatch } from '../../../src/process/memory/watch.ts';

const MIB = 1024 ** 2;

let watch: MemoryWatch;
let held: number;
let collections: number;

beforeEach(() => {
  vi.useFakeTimers();
  held = 100 * MIB;
  collections = 0;
  watch = createMemoryWatch({
    ledger: createLedger(1000 * MIB),
    workers: { load: 0, press() {}, collectIdle() {}, sacrifice() {}, measured() {} },
    collect() {
      collections += 1;
      held -= 10 * MIB;
    },
    measure: () => held,
  });
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** Requests after which the process holds so many MiB more, and then none for so many milliseconds. Returns the collections. */
function serve(mib: number, quiet: number): number {
  const before = collections;
  watch.busy();
  held += mib * MIB;
  vi.advanceTimersByTime(quiet);
  return collections - before;
}

test('memory goes back to the system soon if it is much, later if it is little, and not at all if it is less', () => {
  expect(serve(80, 2200)).toBe(1);
  expect([serve(30, 2200), serve(0, 19_000), serve(0, 21_000)]).toEqual([0, 0, 1]);
  expect(serve(5, 60_000)).toBe(0);
});

test('what a collection leaves is not collected again', () => {
  expect(serve(90, 60_000)).toBe(1);
  expect(serve(0, 60_000)).toBe(0);
});
