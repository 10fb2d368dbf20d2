import type { RequestRecord } from '../api/types.ts';

/** The requests that ended in one second. */
export interface Second {
  /** Seconds since 1970. */
  readonly at: number;
  readonly count: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
}

/** Five minutes and a little, as for samples. */
const KEPT = 310;

export interface Seconds {
  add(record: RequestRecord): void;
  /** Those that are over, the oldest first. */
  list(): readonly Second[];
}

export function createSeconds(now: () => number = Date.now): Seconds {
  const done: Second[] = [];
  let at = 0;
  let totals: number[] = [];
  let failed = 0;

  function close(second: number): void {
    if (second === at) return;
    if (totals.length > 0) {
      totals.sort((a, b) => a - b);
      const quantile = (share: number): number => totals[Math.ceil(totals.length * share) - 1]!;
      done.push({ at, count: totals.length, failed, median: quantile(0.5), p99: quantile(0.99) });
      if (done.length > KEPT) done.shift();
    }
    at = second;
    totals = [];
    failed = 0;
  }

  return {
    add(record) {
      close(Math.floor(now() / 1000));
      totals.push(record.times.total);
      if (isFailed(record)) failed += 1;
    },
    list() {
      close(Math.floor(now() / 1000));
      return done;
    },
  };
}

export function isFailed({ status, error }: RequestRecord): boolean {
  return status === 0 || status >= 400 || error !== undefined;
}
