import type { Store } from '../store.ts';
import type { StoreCase } from './case.ts';
import { CHANGES } from './changes.ts';
import { COUNTERS } from './counters.ts';
import { FENCES } from './fences.ts';
import { LEASES } from './leases.ts';
import { PAGES } from './pages.ts';
import { SEARCHES } from './searches.ts';
import { SWAPS } from './swaps.ts';
import { VALUES } from './values.ts';

/** One test of the contract of a `Store`, for any test runner. */
export interface ConformanceTest {
  readonly name: string;
  /** Rejects with an `AssertionError` if the store violates the contract. */
  run(): Promise<void>;
}

const CASES: readonly StoreCase[] = [
  ...VALUES,
  ...PAGES,
  ...SEARCHES,
  ...COUNTERS,
  ...SWAPS,
  ...LEASES,
  ...FENCES,
];

/**
 * The tests that every `Store` must pass: `test.each(storeConformance(open))('$name', ({ run }) => run())`.
 *
 * @param open Returns an empty store; each test opens one and closes it.
 */
export function storeConformance(open: () => Store | PromiseLike<Store>): ConformanceTest[] {
  return CASES.map(({ name, run }) => ({
    name,
    async run() {
      const store = await open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    },
  }));
}

/**
 * The tests of `Store.changes` for two programs, or hosts, that use one store: the first of the two stores is followed, the other
 * one writes. Run them as those of `storeConformance`.
 *
 * @param open Returns one empty store, opened twice; each test opens and closes both.
 */
export function changesConformance(open: () => PromiseLike<readonly [Store, Store]>): ConformanceTest[] {
  return CHANGES.map(({ name, run }) => ({
    name,
    async run() {
      const [here, there] = await open();
      try {
        await run(here, there);
      } finally {
        await here.close();
        await there.close();
      }
    },
  }));
}
