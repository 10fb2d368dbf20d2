import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { ServedStore } from './server.ts';

/** The files of a store, by their suffixes. */
export const FILES = ['', '-wal', '-shm', '-reserve'] as const;

/** What may happen to a file while servers have it open; gets its path, and the path of an earlier copy. */
export const DAMAGES: Readonly<Record<string, (file: string, before: string) => void>> = {
  deleted: (file) => rmSync(file),
  'truncated to nothing': (file) => truncateSync(file, 0),
  'cut in half': (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  'replaced by a copy from before': (file, before) => {
    copyFileSync(before, `${file}.new`);
    renameSync(`${file}.new`, file);
  },
  'overwritten by a copy from before': (file, before) => writeFileSync(file, readFileSync(before)),
};

/** The keys that were sent to one server, and those that it acknowledged. */
export interface Writer {
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Keys acknowledged after `mark` was called. */
  readonly since: () => number;
  mark(): void;
  /** Settles when the server no longer acknowledges anything, or when it is stopped. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Clients that each write keys of their own, each key once, until the server refuses. */
export function write({ url }: ServedStore, name: string, clients: number): Writer {
  const acknowledged = new Map<string, string>();
  let stopped = false;
  let marked = 0;
  let next = 0;

  async function client(): Promise<void> {
    while (!stopped) {
      const key = `${name}-${next++}`;
      const value = key.padEnd(1000, '.');
      try {
        const response = await fetch(`${url}/set?key=${key}`, { method: 'POST', body: value });
        await response.text();
        if (response.status !== 200) return;
        acknowledged.set(key, value);
      } catch {
        return;
      }
    }
  }

  return {
    acknowledged,
    since: () => acknowledged.size - marked,
    mark() {
      marked = acknowledged.size;
    },
    ended: Promise.all(Array.from({ length: clients }, client)).then(() => {}),
    stop() {
      stopped = true;
    },
  };
}

/** Copies the files in their current state, for `DAMAGES`. */
export function copies(path: string, to: string): void {
  for (const end of FILES) if (existsSync(path + end)) copyFileSync(path + end, to + end);
}
