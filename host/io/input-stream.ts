import type { Guest } from '../guest.ts';
import { streamErrors } from './error.ts';
import { Pollable, type Waitable } from './poll.ts';
import type { ByteSource } from './source.ts';

/** Maximum number of bytes that one read returns; WIT allows fewer than requested, and a guest may request 2^64. */
const MAX_READ = 64 * 1024;
const NOTHING: Uint8Array = new Uint8Array(0);

/** The resource `input-stream` of `wasi:io/streams`. Errors are thrown as `stream-error` values. */
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

  read(length: bigint): Uint8Array {
    this.#giveBack();
    this.#lent = InputStream.take(this, length);
    return this.#lent;
  }

  blockingRead(length: bigint): Uint8Array | Promise<Uint8Array> {
    if (length !== 0n && !this.#isReady()) return this.#waitAndRead(length);
    return this.#guest.yieldIfDue(() => this.read(length));
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint | Promise<bigint> {
    const chunk = this.blockingRead(length);
    return chunk instanceof Promise ? chunk.then((read) => BigInt(read.length)) : BigInt(chunk.length);
  }

  subscribe(): Pollable {
    return new Pollable(InputStream.waitable(this));
  }

  /** The host's side of the resource: `read` for the host, which keeps the chunk. */
  static take(stream: InputStream, length: bigint): Uint8Array {
    stream.#guest.check();
    const source = stream.#source;
    const chunk = length === 0n ? NOTHING : source.read(clamp(length));
    if (chunk.length > 0 || source.state === 'open') return chunk;
    throw stream.#error(source.failure);
  }

  /** The host's side of the resource: ready when it is readable or at its end. */
  static waitable(stream: InputStream): Waitable {
    return { guest: stream.#guest, changed: stream.#source.changed, ready: () => stream.#isReady() };
  }

  [Symbol.dispose](): void {
    this.#giveBack();
    this.#dropped?.();
  }

  /** By its next call the guest has copied the last chunk. */
  #giveBack(): void {
    if (this.#lent.length > 0) this.#source.spent?.(this.#lent);
    this.#lent = NOTHING;
  }

  #isReady(): boolean {
    return this.#source.ready || this.#source.state !== 'open';
  }

  async #waitAndRead(length: bigint): Promise<Uint8Array> {
    while (!this.#isReady()) await this.#guest.suspend([this.#source.changed]);
    return this.read(length);
  }
}

function clamp(length: bigint): number {
  return length > MAX_READ ? MAX_READ : Number(length);
}
