import type { Guest } from '../guest.ts';
import { type StreamEnd, streamErrors } from './error.ts';
import { Pollable, type Waitable } from './poll.ts';
import type { ByteSource } from './source.ts';

/** Maximum number of bytes that one read returns; WIT allows fewer than requested, and a guest may request 2^64. */
const MAX_READ = 64 * 1024;
const NOTHING: Uint8Array = new Uint8Array(0);

/** The resource `input-stream` of `wasi:io/streams`. Errors are `stream-error` values, thrown or returned. */
export class InputStream {
  readonly #guest: Guest;
  readonly #source: ByteSource;
  readonly #dropped: (() => void) | undefined;
  readonly #error: ReturnType<typeof streamErrors> = streamErrors();
  #lent: Uint8Array = NOTHING;

  /** `dropped` is called when the guest drops the stream. */
  constructor(guest: Guest, source: ByteSource, dropped?: () => void) {
    this.#guest = guest;
    this.#source = source;
    this.#dropped = dropped;
  }

  read(length: bigint): Uint8Array | StreamEnd {
    this.#giveBack();
    const chunk = this.#next(length);
    if (chunk instanceof Uint8Array) this.#lent = chunk;
    return chunk;
  }

  blockingRead(length: bigint): Uint8Array | StreamEnd | Promise<Uint8Array | StreamEnd> {
    if (length !== 0n && !this.#isReady()) return this.#waitAndRead(length);
    return this.#guest.yieldIfDue(() => this.read(length));
  }

  skip(length: bigint): bigint {
    return sizeOf(this.read(length));
  }

  blockingSkip(length: bigint): bigint | Promise<bigint> {
    const chunk = this.blockingRead(length);
    return chunk instanceof Promise ? chunk.then(sizeOf) : sizeOf(chunk);
  }

  subscribe(): Pollable {
    return new Pollable(InputStream.waitable(this));
  }

  /** The host's side of the resource: `read` for the host, which keeps the chunk. */
  static take(stream: InputStream, length: bigint): Uint8Array {
    return bytesOf(stream.#next(length));
  }

  /** The host's side of the resource: ready when it is readable or at its end. */
  static waitable(stream: InputStream): Waitable {
    return { guest: stream.#guest, changed: stream.#source.changed, ready: () => stream.#isReady() };
  }

  [Symbol.dispose](): void {
    this.#giveBack();
    this.#dropped?.();
  }

  #next(length: bigint): Uint8Array | StreamEnd {
    this.#guest.check();
    const source = this.#source;
    const chunk = length === 0n ? NOTHING : source.read(clamp(length));
    if (chunk.length > 0 || source.state === 'open') return chunk;
    return { tag: 'err', val: this.#error(source.failure) };
  }

  /** By its next call the guest has copied the last chunk. */
  #giveBack(): void {
    if (this.#lent.length > 0) this.#source.spent?.(this.#lent);
    this.#lent = NOTHING;
  }

  #isReady(): boolean {
    return this.#source.ready || this.#source.state !== 'open';
  }

  async #waitAndRead(length: bigint): Promise<Uint8Array | StreamEnd> {
    while (!this.#isReady()) await this.#guest.suspend([this.#source.changed]);
    return this.read(length);
  }
}

/** The host's functions throw the end of a stream. */
function bytesOf(chunk: Uint8Array | StreamEnd): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw chunk.val;
}

function sizeOf(chunk: Uint8Array | StreamEnd): bigint {
  return BigInt(bytesOf(chunk).length);
}

function clamp(length: bigint): number {
  return length > MAX_READ ? MAX_READ : Number(length);
}
