import { useEffect, useRef, useState } from 'preact/hooks';

export interface Resource<T> {
  /** What was loaded last; stays while it is loaded again. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  /** Loads again. Calls during a load lead to one more load after it. */
  reload(): void;
}

/** Milliseconds between the end of a load and the next one. */
const PAUSE = 250;

/** What `load` returns, from the component's first rendering on, and again when `keys` change. */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
): Resource<T> {
  const [{ value, error }, set] = useState<{ value?: T; error?: Error }>({});
  const reload = useRef<() => void>(() => {});

  useEffect(() => {
    const closed = new AbortController();
    let isLoading = false;
    let isStale = false;

    async function run(): Promise<void> {
      if (isLoading) {
        isStale = true;
        return;
      }
      isLoading = true;
      try {
        const loaded = await load(closed.signal);
        if (!closed.signal.aborted) set({ value: loaded });
      } catch (failure) {
        if (!closed.signal.aborted) set((before) => ({ ...before, error: failure as Error }));
      }
      await new Promise((resolve) => setTimeout(resolve, isStale ? PAUSE : 0));
      isLoading = false;
      if (!isStale || closed.signal.aborted) return;
      isStale = false;
      await run();
    }

    reload.current = () => void run();
    set({});
    void run();
    return () => closed.abort();
  }, keys);

  return { value, error, reload: () => reload.current() };
}
