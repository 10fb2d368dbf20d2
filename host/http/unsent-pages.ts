/** Bytes by which the memory grows. */
export const PAGES_STEP: number = 1024 * 1024;

/** Size in bytes of one piece that `pieces` returns. */
const PIECE: number = 256 * 1024;

/**
 * The bytes of a large body, in memory that returns to the system as soon as it is freed: V8 allocates a resizable buffer by
 * pages of the system, whereas malloc(3) would keep what many chunks once took.
 */
export class UnsentPages {
  readonly #buffer: ArrayBuffer;
  #length = 0;

  /** `capacity` is the maximum number of bytes that are pushed. */
  constructor(capacity: number) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: Math.ceil(capacity / PAGES_STEP) * PAGES_STEP });
  }

  /** Bytes by which the buffer must grow to take this many more. */
  growth(bytes: number): number {
    const missing = this.#length + bytes - this.#buffer.byteLength;
    return missing <= 0 ? 0 : Math.ceil(missing / PAGES_STEP) * PAGES_STEP;
  }

  /** Copies a chunk. */
  push(chunk: Uint8Array): void {
    this.#buffer.resize(this.#buffer.byteLength + this.growth(chunk.length));
    new Uint8Array(this.#buffer, this.#length, chunk.length).set(chunk);
    this.#length += chunk.length;
  }

  /** Returns copies, each with a buffer of its own. */
  *pieces(): Generator<Uint8Array> {
    for (let at = 0; at < this.#length; at += PIECE) {
      yield new Uint8Array(this.#buffer, at, Math.min(PIECE, this.#length - at)).slice();
    }
  }

  free(): void {
    this.#length = 0;
    this.#buffer.resize(0);
  }
}
