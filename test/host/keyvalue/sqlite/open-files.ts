import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect } from 'vitest';

export const one: Uint8Array = Uint8Array.of(1);

export let folder: string;

export let path: string;

/** Names another file, for the rest of a test. */
export function useFile(other: string): void {
  path = other;
}

/** All files of the folder with their content. */
export function files(): Record<string, Buffer> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
}

/** Runs SQL in the file as another program would. Not while a store is open: SQLite's locks do not work between two copies of the library in one process. */
export function sql(text: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(text);
  } finally {
    database.close();
  }
}

export function unusable(words: RegExp): unknown {
  return expect.objectContaining({ code: 'store-unusable', message: expect.stringMatching(words) });
}

/** For all tests of a file. */
export function setUp(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
    path = join(folder, 'store.db');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}
