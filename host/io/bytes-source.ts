import { Signal } from '../signal.ts';
import type { ByteSource } from './source.ts';

/** A source of bytes that are all in memory; empty by default. */
export function bytesSource(bytes: Uint8Array = new Uint8Array(0)): ByteSource {
  return new Bytes(bytes);
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
class Bytes implements ByteSource {
  readonly changed: Signal = new Signal();
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  get ready(): boolean {
    return this.#rest.length > 0;
  }

  get state(): ByteSource['state'] {
    return this.#rest.length > 0 ? 'open' : 'ended';
  }

  read(max: number): Uint8Array {
    const chunk = this.#rest.slice(0, max);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  }

  cancel(): void {
    this.#rest = this.#rest.subarray(this.#rest.length);
  }
}
