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

/** The files of a store, by what follows its path. */
export const FILES = ['', '-wal', '-shm', '-reserve'] as const;

/** What may become of a file while servers have it open: given its path, and that of a copy from before. */
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

/** What one server was asked for and acknowledged, by key. */
export interface Writer {
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Acknowledged after `mark` was called. */
  readonly since: () => number;
  mark(): void;
  /** Settles when the server acknowledges no more, or when it is stopped. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Clients of a server that write keys of their own, each once, until it refuses. */
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

/** Copies of the files as they are by now, for `DAMAGES`. */
export function copies(path: string, to: string): void {
  for (const end of FILES) if (existsSync(path + end)) copyFileSync(path + end, to + end);
}
