import { connection, onEvent } from './events.ts';
import { createSource, type Observable } from './observable.ts';
import type { Paged } from './paged.ts';

/** Keeps the beginning of a list up to date with the changes that the server reports. */
export interface LiveList {
  /** Changed items, while `setFree(false)` keeps them from moving; those that are loaded show their new content already. */
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

/** Milliseconds between two refreshes, at least; and the share of the time that the server may spend on them. */
const INTERVAL = 1000;
const SHARE = 1 / 5;

/** @param follow Calls the function with each change, until the function that it returns is called. */
export function createLiveList<T>(
  list: Paged<T>,
  follow: (changed: (change: Change<T>) => void) => () => void,
): LiveList {
  const changes = createSource(0);
  const changed = new Set<string>();
  let isFree = true;
  let isStale = false;
  let interval = INTERVAL;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function refresh(): Promise<void> {
    timer = undefined;
    if (!isStale) return;
    if (!isFree || document.hidden) {
      changes.set(changed.size);
      return;
    }
    if (list.state.value.isLoading) return schedule();
    isStale = false;
    changed.clear();
    const start = performance.now();
    await list.refresh();
    changes.set(changed.size);
    interval = Math.max(INTERVAL, (performance.now() - start) / SHARE);
    if (isStale) schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(() => void refresh(), interval);
  }

  function mark(): void {
    isStale = true;
    schedule();
  }

  const stops = [
    follow(({ id, item }) => {
      changed.add(id);
      list.update(id, () => item);
      mark();
    }),
    // Events may have been missed.
    connection.subscribe(() => connection.value.name === 'live' && mark()),
    onEvent('missed', mark),
  ];
  const seen = (): void => void refresh();
  document.addEventListener('visibilitychange', seen);

  return {
    changes,
    setFree(value) {
      isFree = value;
      if (isFree && isStale) schedule();
    },
    show() {
      const before = isFree;
      isFree = true;
      void refresh().finally(() => {
        isFree = before;
      });
    },
    close() {
      for (const stop of stops) stop();
      document.removeEventListener('visibilitychange', seen);
      clearTimeout(timer);
    },
  };
}
