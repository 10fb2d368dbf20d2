import { useLayoutEffect, useReducer } from 'preact/hooks';

/** A value that changes, and what wants to know. */
export interface Observable<T> {
  readonly value: T;
  subscribe(listener: () => void): () => void;
}

export interface Source<T> extends Observable<T> {
  set(value: T): void;
}

export function createSource<T>(initial: T): Source<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get value() {
      return current;
    },
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The current value; the component is rendered again when it changes. */
export function useValue<T>(source: Observable<T>): T {
  const [, render] = useReducer((count: number) => count + 1, 0);
  const seen = source.value;
  useLayoutEffect(() => {
    // It may have changed between rendering and now.
    if (!Object.is(seen, source.value)) render(undefined);
    return source.subscribe(() => render(undefined));
  }, [source]);
  return seen;
}
