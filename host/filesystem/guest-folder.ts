import type { Guest } from '../guest.ts';
import { withErrorCodes } from './error-code.ts';
import { type Directory, openRealDirectory } from './held-directory.ts';

/** A folder of a guest: preopened, or opened below a preopened one. */
export interface Folder {
  /** Number of levels below the preopened folder. */
  readonly depth: number;
  /**
   * The folder, held open until the end of the request. Throws `bad-descriptor` if it was opened in an earlier request,
   * `no-entry` if it is a preopened folder that no longer exists.
   */
  directory(): Directory;
  close(): void;
}

/** A preopened folder, by its real path: opened on first use, again in each request. */
export function preopenedFolder(guest: Guest, path: string): Folder {
  return new Held(guest, 0, () => withErrorCodes(() => openRealDirectory(path)));
}

/** A folder that was opened below another; closed with the `Folder`, or if the guest has too many files and folders open. */
export function openedFolder(guest: Guest, directory: Directory, depth: number): Folder {
  if (!guest.descriptors.take()) {
    directory.close();
    throw 'insufficient-memory';
  }
  return new Held(guest, depth, undefined, directory);
}

class Held implements Folder {
  readonly depth: number;
  readonly #guest: Guest;
  readonly #open: (() => Directory) | undefined;
  #held: Directory | undefined;
  #forget: () => void = () => {};

  constructor(guest: Guest, depth: number, open?: () => Directory, held?: Directory) {
    this.depth = depth;
    this.#guest = guest;
    this.#open = open;
    if (held !== undefined) this.#hold(held);
  }

  directory(): Directory {
    if (this.#held !== undefined) return this.#held;
    if (this.#open === undefined) throw 'bad-descriptor';
    return this.#hold(this.#open());
  }

  close(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#forget();
    if (held !== undefined && this.#open === undefined) this.#guest.descriptors.give();
    held?.close();
  }

  #hold(directory: Directory): Directory {
    this.#held = directory;
    this.#forget = this.#guest.onRelease(() => this.close());
    return directory;
  }
}
