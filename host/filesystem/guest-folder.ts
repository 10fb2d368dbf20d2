import type { Guest } from '../guest.ts';
import { withErrorCodes } from './error-code.ts';
import { type Directory, openRealDirectory } from './held-directory.ts';

/** A folder that a guest has: one that was given to it, or one that it opened below. */
export interface Folder {
  /** How many folders it lies below the one that was given. */
  readonly depth: number;
  /**
   * The folder, held until the end of the request. Throws `bad-descriptor` for one that was opened in an earlier request,
   * `no-entry` for one that was given and is there no longer.
   */
  directory(): Directory;
  close(): void;
}

/** A folder given to the guest, by its real path: opened when it is first used, in each request again. */
export function preopenedFolder(guest: Guest, path: string): Folder {
  return new Held(guest, 0, () => withErrorCodes(() => openRealDirectory(path)));
}

/** A folder that was opened below another; it is closed with the `Folder`. */
export function openedFolder(guest: Guest, directory: Directory, depth: number): Folder {
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
    held?.close();
  }

  #hold(directory: Directory): Directory {
    this.#held = directory;
    this.#forget = this.#guest.onRelease(() => this.close());
    return directory;
  }
}
