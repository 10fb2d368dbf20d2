import { createSource, type Observable } from './observable.ts';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'wasmcp-node-theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

const chosen = createSource<Theme>(read());
apply(chosen.value);

/** Also notifies when the system's own theme changes. */
export const theme: Observable<Theme> & { next(): void } = {
  get value() {
    return chosen.value;
  },
  subscribe(listener) {
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', listener);
    const stop = chosen.subscribe(listener);
    return () => {
      system.removeEventListener('change', listener);
      stop();
    };
  },
  next() {
    const value = ORDER[(ORDER.indexOf(chosen.value) + 1) % ORDER.length]!;
    localStorage.setItem(KEY, value);
    apply(value);
    chosen.set(value);
  },
};

function read(): Theme {
  const stored = localStorage.getItem(KEY) as Theme | null;
  return stored !== null && ORDER.includes(stored) ? stored : 'system';
}

function apply(value: Theme): void {
  document.documentElement.dataset.theme = value;
}
