import { connection, onEvent } from './events.ts';
import { createSource, type Observable } from './observable.ts';
import type { Paged } from './paged.ts';

/** Keeps a list up to date with the changes that the server reports, without asking it for the list again. */
export interface LiveList {
  /** Changes that are not shown, or not in their place, because `setFree(false)` keeps items from moving. */
  readonly changes: Observable<number>;
  /** Whether items may move: not under a reader who is further down, or about to choose one. */
  setFree(isFree: boolean): void;
  /** Moves them now. */
  show(): void;
  close(): void;
}

export interface Change<T> {
  readonly id: string;
  /** Undefined when it is gone. */
  readonly item: T | undefined;
}

export interface LiveListOptions<T> {
  readonly idOf: (item: T) => string;
  /** The order of the list, by which items find their places. */
  readonly compare: (a: T, b: T) => number;
  /** Whether the item belongs to the list. */
  readonly matches: (item: T) => boolean;
  /** Calls the function with each change, until the function that it returns is called. */
  readonly follow: (changed: (change: Change<T>) => void) => () => void;
}

export function createLiveList<T>(list: Paged<T>, options: LiveListOptions<T>): LiveList {
  const { idOf, compare, matches, follow } = options;
  const changes = createSource(0);
  const pending = new Map<string, T | undefined>();
  let isFree = true;

  function apply(): void {
    const { items, hasMore, isFirst, isLoading } = list.state.value;
    // The page that is being loaded may have it or not.
    if (isFirst || isLoading || pending.size === 0) return;
    const changed = new Map(pending);
    pending.clear();
    changes.set(0);
    list.replace(placed(items, changed, hasMore));
  }

  /** What comes after the last item that is loaded is found when the next page is. */
  function placed(items: readonly T[], changed: ReadonlyMap<string, T | undefined>, hasMore: boolean): T[] {
    const last = hasMore ? items.at(-1) : undefined;
    const kept = items.filter((item) => !changed.has(idOf(item)));
    for (const item of changed.values()) {
      if (item === undefined || !matches(item)) continue;
      if (last === undefined || compare(item, last) <= 0) kept.push(item);
    }
    return kept.sort(compare);
  }

  function changed({ id, item }: Change<T>): void {
    pending.set(id, item);
    if (isFree) {
      apply();
      return;
    }
    list.update(id, (before) => item ?? before);
    changes.set(pending.size);
  }

  const stops = [
    follow(changed),
    list.state.subscribe(() => {
      if (isFree) apply();
    }),
    // Events have been missed.
    onEvent('missed', () => void list.refresh()),
    connection.subscribe(() => {
      if (connection.value.name === 'live' && !list.state.value.isFirst) void list.refresh();
    }),
  ];

  return {
    changes,
    setFree(value) {
      isFree = value;
      if (isFree) apply();
    },
    show: apply,
    close() {
      for (const stop of stops) stop();
    },
  };
}
