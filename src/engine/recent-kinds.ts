/** Milliseconds after a request in which more of its kind are expected. */
const EXPECTED = 10_000;

/** Whether requests of different kinds come at the same time. Remembers two kinds only, as every request is reported to it. */
export interface RecentKinds {
  seen(kind: string, now: number): void;
  /** Requests of another kind than this one are expected. */
  hasOther(kind: string, now: number): boolean;
}

export function createRecentKinds(): RecentKinds {
  let [last, lastAt] = ['', Number.NEGATIVE_INFINITY];
  let otherAt = Number.NEGATIVE_INFINITY;

  return {
    seen(kind, now) {
      if (kind !== last) otherAt = lastAt;
      last = kind;
      lastAt = now;
    },
    hasOther: (kind, now) => now - (kind === last ? otherAt : lastAt) < EXPECTED,
  };
}
