import type { Dirent } from 'node:fs';
import { type DescriptorType, typeOf } from './metadata.ts';

/** A record `directory-entry` of `wasi:filesystem/types`. */
export interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/** The resource `directory-entry-stream` of `wasi:filesystem/types`: the folder as it was when it was opened. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<Dirent>;

  constructor(entries: readonly Dirent[]) {
    this.#entries = entries.values();
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    const next = this.#entries.next();
    return next.done ? undefined : { type: typeOf(next.value), name: next.value.name };
  }

  [Symbol.dispose](): void {}
}
