import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Guest } from '../guest.ts';
import type { StreamFailure } from '../io/error.ts';
import type { ByteSink } from '../io/sink.ts';
import type { ByteSource } from '../io/source.ts';
import { Signal } from '../signal.ts';
import { errorCode, withErrorCodes } from './error-code.ts';

/** Bytes that a stream accepts at a time; files apply back-pressure by blocking the write. */
const CAPACITY: number = 64 * 1024;

/** Flags that are kept when a file is reopened; not every system has all of them. */
const KEPT: number = (constants.O_SYNC ?? 0) | (constants.O_DSYNC ?? 0) | (constants.O_NONBLOCK ?? 0);

/** An open file. Closed with its last user, and at the end of the guest's request in any case. */
export interface OpenFile {
  /**
   * Throws `bad-descriptor` once the file is closed: an instance that serves several requests may keep the file, while the
   * process has reused its number.
   */
  readonly descriptor: number;
  /** Adds a user. Returns a function that removes it, once. */
  use(): () => void;
  /**
   * Reopens the file so that the system seeks to its end at each write, even if others write too. Except on Linux, throws
   * `no-entry` if it has been moved or removed.
   */
  toAppend(): OpenFile;
}

export function openFile(guest: Guest, path: string, flags: number): OpenFile {
  return new Opened(guest, path, flags);
}

/** Reads the file from `offset` on. */
export function fileSource(file: OpenFile, offset: bigint): ByteSource {
  return new Source(file, offset);
}

/**
 * The position of a write of `node:fs`. Throws `file-too-large` for one that Node cannot represent: it would write at the
 * current position instead, the start of the file, and report success.
 */
export function writePosition(offset: bigint): number {
  if (offset > Number.MAX_SAFE_INTEGER) throw 'file-too-large';
  return Number(offset);
}

/**
 * Writes the file from `offset` on, or at the end of one that was opened `toAppend`. Throws `file-too-large` if nothing can be
 * written there, and fails with it once it gets there.
 */
export function fileSink(file: OpenFile, offset: bigint | 'end'): ByteSink {
  return new Sink(file, offset);
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
class Opened implements OpenFile {
  readonly #guest: Guest;
  readonly #path: string;
  readonly #flags: number;
  readonly #forget: () => void;
  #descriptor: number | undefined;
  #users = 0;

  constructor(guest: Guest, path: string, flags: number) {
    this.#guest = guest;
    this.#path = path;
    this.#flags = flags;
    // The code of EMFILE, which the system returns if the process has too many.
    if (!guest.descriptors.take()) throw 'insufficient-memory';
    this.#descriptor = this.#open();
    this.#forget = guest.onRelease(() => this.#close());
  }

  get descriptor(): number {
    if (this.#descriptor === undefined) throw 'bad-descriptor';
    return this.#descriptor;
  }

  use(): () => void {
    let using = true;
    this.#users += 1;
    return () => {
      if (!using) return;
      using = false;
      this.#users -= 1;
      if (this.#users === 0) this.#close();
    };
  }

  toAppend(): OpenFile {
    const flags = constants.O_WRONLY | constants.O_APPEND | (this.#flags & KEPT);
    // The kernel's link leads to the file itself, even if it was moved.
    if (process.platform === 'linux')
      return new Opened(this.#guest, `/proc/self/fd/${this.descriptor}`, flags);
    const mine = this.#stats();
    const again = new Opened(this.#guest, this.#path, flags | (constants.O_NOFOLLOW ?? 0));
    const found = again.#stats();
    if (found.ino === mine.ino && found.dev === mine.dev) return again;
    again.#close();
    throw 'no-entry';
  }

  #open(): number {
    try {
      return withErrorCodes(() => openSync(this.#path, this.#flags, 0o666));
    } catch (error) {
      this.#guest.descriptors.give();
      throw error;
    }
  }

  #stats(): BigIntStats {
    return withErrorCodes(() => fstatSync(this.descriptor, { bigint: true }));
  }

  #close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#descriptor = undefined;
    this.#forget();
    this.#guest.descriptors.give();
    closeSync(descriptor);
  }
}

class Source implements ByteSource {
  readonly ready: boolean = true;
  readonly changed: Signal = new Signal();
  state: ByteSource['state'] = 'open';
  failure: StreamFailure | undefined;
  readonly #file: OpenFile;
  #position: bigint;

  constructor(file: OpenFile, offset: bigint) {
    this.#file = file;
    this.#position = offset;
  }

  read(max: number): Uint8Array {
    const chunk = new Uint8Array(max);
    try {
      const open = this.state === 'open';
      const length = open ? readSync(this.#file.descriptor, chunk, 0, max, this.#position) : 0;
      if (length === 0 && open) this.state = 'ended';
      this.#position += BigInt(length);
      return chunk.subarray(0, length);
    } catch (error) {
      this.state = 'failed';
      this.failure = describe(error);
      return chunk.subarray(0, 0);
    }
  }

  cancel(): void {}
}

class Sink implements ByteSink {
  readonly capacity: number = CAPACITY;
  readonly changed: Signal = new Signal();
  failure: StreamFailure | undefined;
  readonly #file: OpenFile;
  #position: bigint | 'end';

  constructor(file: OpenFile, offset: bigint | 'end') {
    this.#file = file;
    if (offset !== 'end') writePosition(offset);
    this.#position = offset;
  }

  get closed(): boolean {
    return this.failure !== undefined;
  }

  write(chunk: Uint8Array): void {
    if (this.failure !== undefined) return;
    try {
      const { descriptor } = this.#file;
      for (let written = 0; written < chunk.length; ) {
        const at = this.#position === 'end' ? null : writePosition(this.#position);
        const length = writeSync(descriptor, chunk, written, chunk.length - written, at);
        written += length;
        if (this.#position !== 'end') this.#position += BigInt(length);
      }
    } catch (error) {
      this.failure = describe(error);
    }
  }
}

function describe(error: unknown): StreamFailure {
  const filesystem = typeof error === 'string' ? error : errorCode(error);
  return { message: `file operation failed: ${filesystem}`, filesystem };
}
