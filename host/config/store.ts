import type { Implementation } from '../options.ts';

/** `wasi:config/store`, identical in 0.2.0-draft-2024-09-27 and 0.2.0-rc.1: only the values of the options. */
export function configStore(config: Readonly<Record<string, string>>): Implementation {
  const values = new Map(Object.entries(config));
  return {
    get: (key: string): string | undefined => values.get(key),
    getAll: (): [string, string][] => [...values],
  };
}
