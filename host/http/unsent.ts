import type { Guest } from '../guest.ts';
import { free } from '../io/free.ts';
import { UnsentPages } from './unsent-pages.ts';

/** Bytes charged for a chunk besides its content: its array, and its place in a list. */
export const CHUNK_COST = 200;

/** Number of chunks that are kept as they are; later ones below `SMALL` bytes are joined. */
const KEPT_CHUNKS = 4;
const SMALL = 4096;

/** Maximum size in bytes to which small chunks are joined. */
const LARGEST_JOINT: number = 64 * 1024;

/** Size in bytes from which on a body is held in pages. */
const LARGE: number = 1024 * 1024;

/** The content of a body that is not sent yet. Charges the budget of the guest, if there is one. */
export class UnsentChunks {
  readonly #guest: Guest | undefined;
  readonly #capacity: number;
  readonly #chunks: Uint8Array[] = [];
  /** Joined small chunks that are not among the others yet. */
  #joint: Uint8Array | undefined;
  /** The whole content, once it is large. */
  #pages: UnsentPages | undefined;
  #filled = 0;
  #size = 0;
  #charged = 0;
  /** The part of `#charged` that is not for pages. */
  #chunkCost = 0;
  #forget: (() => void) | undefined;

  /** `capacity` is the maximum size of the content in bytes. */
  constructor(guest: Guest | undefined, capacity: number) {
    this.#capacity = capacity;
    this.#guest = guest;
  }

  /** Takes ownership of a chunk. Returns the reason if the budget is exceeded. */
  push(chunk: Uint8Array): string | undefined {
    // Read first, because a chunk that was copied is freed and has no length then.
    const { length } = chunk;
    const refusal = this.#store(chunk);
    if (refusal !== undefined) return refusal;
    this.#size += length;
    // The garbage collector sees little of large bodies: they are freed explicitly if the request ends without sending them.
    if (this.#size >= SMALL) this.#forget ??= this.#guest?.onRelease(() => this.free());
    return undefined;
  }

  /** Moves all chunks to `receive`, which owns them from now on. */
  moveTo(receive: (chunk: Uint8Array) => void): void {
    this.#endJoint();
    for (const chunk of this.#chunks.splice(0)) receive(chunk);
    if (this.#pages !== undefined) for (const chunk of this.#pages.pieces()) receive(chunk);
    this.#freePages();
    this.#release();
  }

  /** Frees the memory of a body that is never read. */
  free(): void {
    for (const chunk of this.#chunks.splice(0)) free(chunk);
    if (this.#joint !== undefined) free(this.#joint);
    this.#joint = undefined;
    this.#freePages();
    this.#release();
  }

  #store(chunk: Uint8Array): string | undefined {
    const size = this.#size + chunk.length;
    if (size >= LARGE && size <= this.#capacity) return this.#page(chunk);
    const isSmall = chunk.length < SMALL && this.#chunks.length >= KEPT_CHUNKS;
    return isSmall ? this.#join(chunk) : this.#keep(chunk);
  }

  /** Adds a chunk to the pages, the first time together with all that was written before. */
  #page(chunk: Uint8Array): string | undefined {
    const pages = this.#pages ?? new UnsentPages(this.#capacity);
    const before = this.#pages === undefined ? this.#size : 0;
    const refusal = this.#charge(pages.growth(before + chunk.length));
    if (refusal !== undefined) return refusal;
    if (this.#pages === undefined) this.#moveToPages(pages);
    pages.push(chunk);
    free(chunk);
    return undefined;
  }

  #moveToPages(pages: UnsentPages): void {
    this.#endJoint();
    for (const chunk of this.#chunks.splice(0)) {
      pages.push(chunk);
      free(chunk);
    }
    this.#pages = pages;
    this.#guest?.budget.release(this.#chunkCost);
    this.#charged -= this.#chunkCost;
    this.#chunkCost = 0;
  }

  #freePages(): void {
    this.#pages?.free();
    this.#pages = undefined;
  }

  #keep(chunk: Uint8Array): string | undefined {
    const refusal = this.#charge(chunk.length + CHUNK_COST);
    if (refusal !== undefined) return refusal;
    this.#chunkCost += chunk.length + CHUNK_COST;
    this.#endJoint();
    // A small view would keep its whole buffer alive.
    this.#chunks.push(2 * chunk.length < chunk.buffer.byteLength ? new Uint8Array(chunk) : chunk);
    return undefined;
  }

  #join(chunk: Uint8Array): string | undefined {
    if (this.#joint === undefined || this.#filled + chunk.length > this.#joint.length) {
      const size = Math.min(Math.max(this.#size, SMALL), LARGEST_JOINT);
      const refusal = this.#charge(size + CHUNK_COST);
      if (refusal !== undefined) return refusal;
      this.#chunkCost += size + CHUNK_COST;
      this.#endJoint();
      this.#joint = new Uint8Array(size);
    }
    this.#joint.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return undefined;
  }

  #endJoint(): void {
    if (this.#joint === undefined) return;
    // The receiver of a chunk owns its whole buffer.
    const isFull = this.#filled === this.#joint.length;
    this.#chunks.push(isFull ? this.#joint : this.#joint.slice(0, this.#filled));
    this.#joint = undefined;
    this.#filled = 0;
  }

  #charge(bytes: number): string | undefined {
    const budget = this.#guest?.budget;
    if (budget?.tryCharge(bytes) === false) return budget.refusal(bytes);
    this.#charged += bytes;
    return undefined;
  }

  #release(): void {
    this.#guest?.budget.release(this.#charged);
    this.#charged = 0;
    this.#chunkCost = 0;
    this.#forget?.();
    this.#forget = undefined;
  }
}
