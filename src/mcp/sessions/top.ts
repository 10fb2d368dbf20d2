/** Where a session is in an order. */
export interface Place {
  readonly rank: number;
  readonly id: string;
}

interface Kept<T> {
  readonly place: Place;
  readonly item: T;
}

/** The first ones of any number of items. */
export interface Top<T> {
  /** Whether it comes after `after`, and may come before the last one that is kept. */
  admits(place: Place, after?: Place): boolean;
  /** Whether any place of this rank may. */
  admitsRank(rank: number): boolean;
  add(place: Place, item: T): void;
  /** The last place that is admitted; undefined while all are. */
  last(): Place | undefined;
  /** In order. */
  items(): readonly Kept<T>[];
}

/** Keeps the first `limit` of any number of items, and until the next look at them as many again. */
export function createTop<T>(limit: number, order: 'asc' | 'desc'): Top<T> {
  const sign = order === 'asc' ? 1 : -1;
  const kept: Kept<T>[] = [];
  let last: Place | undefined;

  const compare = (a: Place, b: Place): number =>
    a.rank === b.rank ? (a.id < b.id ? -1 : 1) : (a.rank - b.rank) * sign;
  const isBefore = (a: Place, b: Place): boolean =>
    a.rank === b.rank ? a.id < b.id : (a.rank - b.rank) * sign < 0;

  function sort(): void {
    kept.sort((a, b) => compare(a.place, b.place));
    kept.length = Math.min(kept.length, limit);
    if (kept.length === limit) last = kept.at(-1)?.place;
  }

  return {
    admits(place, after) {
      if (after !== undefined && !isBefore(after, place)) return false;
      return last === undefined || isBefore(place, last);
    },
    admitsRank: (rank) => last === undefined || (rank - last.rank) * sign <= 0,
    add(place, item) {
      kept.push({ place, item });
      // Sorted in between, which costs less than to find the place of each.
      if (kept.length >= 2 * limit || (kept.length === limit && last === undefined)) sort();
    },
    last: () => last,
    items() {
      sort();
      return kept;
    },
  };
}
