/** Where a session is in an order. */
export interface Place {
  readonly rank: number;
  readonly id: string;
}

/** The first ones of any number of items. */
export interface Top<T> {
  /** Whether it comes after `after`, and before the last one that is kept. */
  admits(place: Place, after?: Place): boolean;
  add(place: Place, item: T): void;
  items(): readonly { readonly place: Place; readonly item: T }[];
}

/** Keeps the first `limit` of any number of items. */
export function createTop<T>(limit: number, order: 'asc' | 'desc'): Top<T> {
  const kept: { readonly place: Place; readonly item: T }[] = [];
  const sign = order === 'asc' ? 1 : -1;
  const isBefore = (a: Place, b: Place): boolean =>
    a.rank === b.rank ? a.id < b.id : (a.rank - b.rank) * sign < 0;
  return {
    admits(place, after) {
      if (after !== undefined && !isBefore(after, place)) return false;
      return kept.length < limit || isBefore(place, kept.at(-1)!.place);
    },
    add(place, item) {
      let low = 0;
      let high = kept.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (isBefore(place, kept[middle]!.place)) high = middle;
        else low = middle + 1;
      }
      kept.splice(low, 0, { place, item });
      if (kept.length > limit) kept.pop();
    },
    items: () => kept,
  };
}
