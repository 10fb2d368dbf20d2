/** Bytes by which the memory grows. */
export const PAGES_STEP: number = 1024 * 1024;

/** Bytes of one piece that is handed out. */
const PIECE: number = 256 * 1024;

/**
 * Bytes of a large body, in memory that the system gets back as soon as it is freed: V8 takes a resizable buffer from the
 * system page by page, where malloc(3) would keep what many chunks once took.
 */
export class UnsentPages {
  readonly #buffer: ArrayBuffer;
  #length = 0;

  /** `capacity` is the most that `push` is given. */
  constructor(capacity: number) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: Math.ceil(capacity / PAGES_STEP) * PAGES_STEP });
  }

  /** Bytes by which it has to grow first to take so many. */
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

  /** Hands copies out, each with memory of its own. */
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
