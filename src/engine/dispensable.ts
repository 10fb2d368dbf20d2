import { Table } from '../../host/index.ts';

/** Guests that may be ended when others need their places, those that became so first ahead. */
export interface Dispensable<T> {
  /** Twice is fine: the first time counts. */
  add(id: number, guest: T): void;
  delete(id: number): void;
  /** Takes out at most so many of those that have been here for long enough. */
  take(count: number, isPossible: (guest: T) => boolean): T[];
}

/**
 * Milliseconds that a guest without a client has to itself before its place is given to others: most are done by then, and
 * what they do counts.
 */
const GRACE = 1000;

interface Entry<T> {
  readonly id: number;
  readonly guest: T;
  readonly since: number;
}

export function createDispensable<T>(): Dispensable<T> {
  const entries = new Table<number, Entry<T>>();
  return {
    add(id, guest) {
      if (entries.get(id) === undefined) entries.add(id, { id, guest, since: performance.now() });
    },
    delete(id) {
      if (entries.size > 0) entries.delete(id);
    },
    take(count, isPossible) {
      const taken: T[] = [];
      if (entries.size === 0 || count <= 0) return taken;
      const latest = performance.now() - GRACE;
      for (const { id, guest, since } of entries.values()) {
        if (taken.length >= count || since > latest) break;
        if (isPossible(guest)) taken.push(entries.delete(id)!.guest);
      }
      return taken;
    },
  };
}
