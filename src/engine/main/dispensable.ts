import { Table } from '../../../host/index.ts';

/** Guests that may be ended when others need their places, in the order in which they became dispensable. */
export interface Dispensable<T> {
  /** May be called twice: the first call counts. */
  add(id: number, guest: T): void;
  delete(id: number): void;
  /** Removes and returns at most `count` of those that have been here for long enough. */
  take(count: number): T[];
}

/**
 * Milliseconds that a guest without a client may run before its place is given to others: most finish by then, and their
 * effects matter.
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
    take(count) {
      const taken: T[] = [];
      if (entries.size === 0 || count <= 0) return taken;
      const latest = performance.now() - GRACE;
      for (const { id, since } of entries.values()) {
        if (taken.length >= count || since > latest) break;
        taken.push(entries.delete(id)!.guest);
      }
      return taken;
    },
  };
}
