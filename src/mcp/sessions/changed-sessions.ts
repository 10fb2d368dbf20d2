import type { Store } from '../../../host/index.ts';
import { sessionOfKey } from './layout.ts';
import { type SessionSummary, sessionSizes, sessionSummary } from './session-summary.ts';

/** Finds out which sessions were written, by whichever program. */
export interface ChangeSearch {
  /** The sessions that were written since the previous call, the earliest first; none in the first call. */
  next(): Promise<SessionSummary[]>;
  /** Milliseconds until the next call, so that the search takes a small part of the time of its thread. */
  readonly pause: number;
}

/** Milliseconds by which the clocks of two hosts that write may differ. */
const SKEW = 5000;
/** Entries that are asked for first. */
const FEW = 200;
/** Entries among which changes are found at most in one call. */
const MOST = 50_000;

const MIN_PAUSE = 500;
/** How much longer than the search the pause is. */
const REST = 9;

export function createChangeSearch(store: Store, bucket: string): ChangeSearch {
  let since = Date.now();
  /** When the sessions that may be found again had last written; undefined before the first call. */
  let known: ReadonlyMap<string, number> | undefined;
  let pause = MIN_PAUSE;

  return {
    get pause() {
      return pause;
    },
    async next() {
      const began = performance.now();
      const now = Date.now();
      const written = new Map<string, number>();
      for await (const { id, updated } of writtenSince(store, bucket, since - SKEW)) {
        written.set(id, Math.max(updated, written.get(id) ?? 0));
      }
      const found: SessionSummary[] = [];
      for (const [id, updated] of written) {
        if (known === undefined || updated <= (known.get(id) ?? 0)) continue;
        const summary = await sessionSummary(store, bucket, id, now);
        if (summary !== undefined) found.push(summary);
      }
      known = written;
      since = now;
      pause = Math.max(MIN_PAUSE, (performance.now() - began) * REST);
      return found.sort((a, b) => lastChange(a) - lastChange(b));
    },
  };
}

/** When anybody last changed the session. */
export function lastChange({ updated, edited = 0 }: SessionSummary): number {
  return Math.max(updated, edited);
}

interface Written {
  readonly id: string;
  readonly updated: number;
}

async function* writtenSince(store: Store, bucket: string, from: number): AsyncGenerator<Written> {
  if (store.newest === undefined) {
    for await (const size of sessionSizes(store, bucket)) if (size.updated >= from) yield size;
    return;
  }
  for (let limit = FEW; ; limit *= 4) {
    const entries = await store.newest(bucket, Number.MAX_SAFE_INTEGER, limit);
    const isWhole = entries.length < limit || entries.at(-1)!.updated < from || limit >= MOST;
    if (!isWhole) continue;
    for (const { key, updated } of entries) {
      const id = sessionOfKey(key);
      if (id !== undefined && updated >= from) yield { id, updated };
    }
    return;
  }
}
