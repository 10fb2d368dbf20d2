import type { Page } from '../api/types.ts';
import { createSource, type Observable } from './observable.ts';

/** A list of which the server returns a page at a time. */
export interface Paged<T> {
  readonly state: Observable<PagedState<T>>;
  /** Loads the next page, unless that is under way or there is none. */
  more(): void;
  /** Loads the first page again, and keeps what was loaded of later ones. */
  refresh(): Promise<void>;
  /** Replaces what is loaded. */
  replace(items: readonly T[]): void;
  /** Replaces or removes (undefined) an item that is loaded. */
  update(id: string, change: (item: T) => T | undefined): void;
  close(): void;
}

export interface PagedState<T> {
  readonly items: readonly T[];
  /** Whether nothing has been loaded yet. */
  readonly isFirst: boolean;
  readonly isLoading: boolean;
  /** Whether there are later pages. */
  readonly hasMore: boolean;
  readonly error: Error | undefined;
}

export type FetchPage<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

export function createPaged<T>(fetchPage: FetchPage<T>, idOf: (item: T) => string): Paged<T> {
  const closed = new AbortController();
  const state = createSource<PagedState<T>>({
    items: [],
    isFirst: true,
    isLoading: false,
    hasMore: true,
    error: undefined,
  });
  let next: string | undefined;

  async function load(cursor: string | undefined, join: (page: Page<T>) => readonly T[]): Promise<void> {
    state.set({ ...state.value, isLoading: true, error: undefined });
    try {
      let page = await fetchPage(cursor, closed.signal);
      // A search looks at a part of the store at a time, which may have no hit.
      while (page.items.length === 0 && page.next !== undefined)
        page = await fetchPage(page.next, closed.signal);
      const items = join(page);
      state.set({ items, isFirst: false, isLoading: false, hasMore: next !== undefined, error: undefined });
    } catch (error) {
      if (closed.signal.aborted) return;
      state.set({ ...state.value, isFirst: false, isLoading: false, error: error as Error });
    }
  }

  /** The new page, and after it what was known before: in most orders, items only move to the beginning. */
  function merge(page: Page<T>): readonly T[] {
    const { items, isFirst } = state.value;
    if (isFirst || page.next === undefined || items.length <= page.items.length) {
      next = page.next;
      return page.items;
    }
    const fresh = new Set(page.items.map(idOf));
    return [...page.items, ...items.filter((item) => !fresh.has(idOf(item)))];
  }

  function append(page: Page<T>): readonly T[] {
    next = page.next;
    const { items } = state.value;
    const known = new Set(items.map(idOf));
    return [...items, ...page.items.filter((item) => !known.has(idOf(item)))];
  }

  return {
    state,
    more() {
      const { isLoading, hasMore, isFirst } = state.value;
      if (isLoading || !hasMore) return;
      void load(isFirst ? undefined : next, isFirst ? merge : append);
    },
    async refresh() {
      if (!state.value.isLoading) await load(undefined, merge);
    },
    replace(items) {
      state.set({ ...state.value, items });
    },
    update(id, change) {
      const { items } = state.value;
      const at = items.findIndex((item) => idOf(item) === id);
      if (at < 0) return;
      const changed = change(items[at]!);
      state.set({
        ...state.value,
        items: items.toSpliced(at, 1, ...(changed === undefined ? [] : [changed])),
      });
    },
    close() {
      closed.abort();
    },
  };
}
