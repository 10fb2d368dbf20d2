import type { Layout } from './layout.ts';
import type { IdClock } from './partitions.ts';
import type { Runner } from './runner.ts';

/** What the methods of a store are made of. */
export interface MethodParts {
  readonly runner: Runner;
  readonly layout: Layout;
  readonly url: string;
  readonly isCluster: boolean;
  readonly clock: IdClock;
  /** Its messages wake those who follow the store. */
  readonly channel: string;
}
