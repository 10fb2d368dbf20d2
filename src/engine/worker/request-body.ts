import { type ByteSource, type FieldList, free, Signal, type StreamFailure } from '../../../host/index.ts';
import { toFields } from '../../http/fields.ts';

const EMPTY: Uint8Array = new Uint8Array(0);
const BROKEN: StreamFailure = {
  message: 'the client aborted the request',
  http: { tag: 'connection-terminated' },
};

/**
 * The body of a request whose bytes arrive in messages. A class, as an object literal with accessors is slow to create, and each
 * request creates one.
 */
export class RequestBody implements ByteSource {
  readonly changed: Signal = new Signal();
  failure: StreamFailure | undefined;
  trailers: FieldList | undefined;
  readonly #taken: (bytes: number) => void;
  #chunks: Uint8Array[] = [];
  #complete = false;
  #cancelled = false;
  /** The buffer of the chunk that was read last, and how much of it the guest has copied. */
  #spending: ArrayBufferLike | undefined;
  #spent = 0;

  /** Calls `taken` with the number of bytes that the guest has read or dropped: as many more may be sent. */
  constructor(taken: (bytes: number) => void) {
    this.#taken = taken;
  }

  get ready(): boolean {
    return this.#chunks.length > 0 || this.#complete || this.failure !== undefined;
  }

  get state(): ByteSource['state'] {
    if (this.#chunks.length > 0) return 'open';
    if (this.failure !== undefined) return 'failed';
    return this.#complete ? 'ended' : 'open';
  }

  read(max: number): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined || max === 0) return EMPTY;
    if (first.length > max) {
      this.#chunks[0] = first.subarray(max);
      this.#taken(max);
      return first.subarray(0, max);
    }
    this.#chunks.shift();
    this.#taken(first.length);
    return first;
  }

  cancel(): void {
    this.#cancelled = true;
    const dropped = this.#chunks;
    if (dropped.length === 0) return;
    this.#chunks = [];
    for (const bytes of dropped) this.#drop(bytes);
  }

  spent({ buffer, byteLength }: Uint8Array): void {
    if (buffer !== this.#spending) this.#spent = 0;
    this.#spending = buffer;
    this.#spent += byteLength;
    // Each byte is read once: if all were copied, no other reader has any.
    if (this.#spent < buffer.byteLength) return;
    this.#spending = undefined;
    free(new Uint8Array(buffer));
  }

  push(bytes: Uint8Array): void {
    if (this.#cancelled) this.#drop(bytes);
    else if (bytes.length > 0) this.#chunks.push(bytes);
    this.changed.wake();
  }

  end(flat: readonly string[]): void {
    this.#complete = true;
    this.trailers = toFields(flat);
    this.changed.wake();
  }

  fail(): void {
    if (this.#complete) return;
    this.failure = BROKEN;
    this.changed.wake();
  }

  #drop(bytes: Uint8Array): void {
    this.#taken(bytes.length);
    free(bytes);
  }
}
