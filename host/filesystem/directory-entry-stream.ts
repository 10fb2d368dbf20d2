import { type Dirent, opendirSync } from 'node:fs';
import type { Guest } from '../guest.ts';
import { withErrorCodes } from './error-code.ts';
import { type DescriptorType, typeOf } from './metadata.ts';

/** A record `directory-entry` of `wasi:filesystem/types`. */
export interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/** Bytes charged for an entry besides its name. */
const ENTRY_COST = 200;

/** Number of entries that are read from the system at a time. */
const BATCH = 128;

/** The resource `directory-entry-stream` of `wasi:filesystem/types`: a snapshot of the folder when it was opened. */
export class DirectoryEntryStream {
  readonly #guest: Guest;
  readonly #entries: Iterator<Dirent>;
  #charged: number;

  private constructor(guest: Guest, entries: readonly Dirent[], charged: number) {
    this.#guest = guest;
    this.#entries = entries.values();
    this.#charged = charged;
  }

  /** Throws `insufficient-memory` if the entries exceed the guest's budget. */
  static open(guest: Guest, path: string): DirectoryEntryStream {
    const { budget } = guest;
    const entries: Dirent[] = [];
    let charged = 0;
    const folder = withErrorCodes(() => opendirSync(path, { bufferSize: BATCH }));
    try {
      for (let entry = read(); entry !== null; entry = read()) {
        const cost = ENTRY_COST + 2 * entry.name.length;
        if (!budget.tryCharge(cost)) throw 'insufficient-memory';
        charged += cost;
        entries.push(entry);
      }
    } catch (error) {
      budget.release(charged);
      throw error;
    } finally {
      folder.closeSync();
    }
    return new DirectoryEntryStream(guest, entries.sort(byName), charged);

    function read(): Dirent | null {
      return withErrorCodes(() => folder.readSync());
    }
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    const next = this.#entries.next();
    return next.done ? undefined : { type: typeOf(next.value), name: next.value.name };
  }

  [Symbol.dispose](): void {
    this.#guest.budget.release(this.#charged);
    this.#charged = 0;
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
