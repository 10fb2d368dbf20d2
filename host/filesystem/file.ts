import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Guest } from '../guest.ts';
import type { StreamFailure } from '../io/error.ts';
import type { ByteSink } from '../io/sink.ts';
import type { ByteSource } from '../io/source.ts';
import { Signal } from '../signal.ts';
import { errorCode, withErrorCodes } from './error-code.ts';

/** Bytes that a stream takes at once; files push back by making the write wait. */
const CAPACITY: number = 64 * 1024;

/** An open file. It is closed with its last user, and with the guest's request in any case. */
export interface OpenFile {
  /**
   * Throws `bad-descriptor` once the file is closed: an instance that serves several requests may keep it, while the
   * process has given its number to something else.
   */
  readonly descriptor: number;
  /** One more user; the answer ends its use, once. */
  use(): () => void;
}

export function openFile(guest: Guest, path: string, flags: number): OpenFile {
  return new Opened(
    guest,
    withErrorCodes(() => openSync(path, flags, 0o666)),
  );
}

/** The file from `offset` on. */
export function fileSource(file: OpenFile, offset: bigint): ByteSource {
  return new Source(file, offset);
}

/** The file from `offset` on, or its end, wherever that is at each write. */
export function fileSink(file: OpenFile, offset: bigint | 'end'): ByteSink {
  return new Sink(file, offset);
}

/** A class, as an object literal with accessors would keep its request until the whole heap is collected. */
class Opened implements OpenFile {
  readonly #forget: () => void;
  #descriptor: number | undefined;
  #users = 0;

  constructor(guest: Guest, descriptor: number) {
    this.#descriptor = descriptor;
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

  #close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#descriptor = undefined;
    this.#forget();
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
  readonly #offset: bigint | 'end';
  #position: number;

  constructor(file: OpenFile, offset: bigint | 'end') {
    this.#file = file;
    this.#offset = offset;
    this.#position = offset === 'end' ? 0 : Number(offset);
  }

  get closed(): boolean {
    return this.failure !== undefined;
  }

  write(chunk: Uint8Array): void {
    if (this.failure !== undefined) return;
    try {
      const { descriptor } = this.#file;
      if (this.#offset === 'end') this.#position = fstatSync(descriptor).size;
      for (let written = 0; written < chunk.length; ) {
        const length = writeSync(descriptor, chunk, written, chunk.length - written, this.#position);
        written += length;
        this.#position += length;
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
