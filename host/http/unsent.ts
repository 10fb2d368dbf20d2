import type { Guest } from '../guest.ts';
import { free } from '../io/free.ts';
import { UnsentPages } from './unsent-pages.ts';

/** What a chunk costs beside its bytes: its array, and its place in a list. */
export const CHUNK_COST = 200;

/** Chunks that are kept as they are; behind them, those below `SMALL` bytes are put together. */
const KEPT_CHUNKS = 4;
const SMALL = 4096;

/** Most bytes that small chunks are put together to. */
const LARGEST_JOINT: number = 64 * 1024;

/** Bytes from which on a body is held in pages. */
const LARGE: number = 1024 * 1024;

/** What was written to a body that is not sent yet. Charges the guest's budget; without a guest there is none. */
export class UnsentChunks {
  readonly #guest: Guest | undefined;
  readonly #capacity: number;
  readonly #chunks: Uint8Array[] = [];
  /** Small chunks put together, not among the others yet. */
  #joint: Uint8Array | undefined;
  /** All of it, once it is large. */
  #pages: UnsentPages | undefined;
  #filled = 0;
  #size = 0;
  #charged = 0;
  /** Of that, for what is not in pages. */
  #chunkCost = 0;
  #forget: (() => void) | undefined;

  /** `capacity` is the most that is written. */
  constructor(guest: Guest | undefined, capacity: number) {
    this.#capacity = capacity;
    this.#guest = guest;
  }

  /** Takes a chunk over. Returns why not, when the budget has no room for it. */
  push(chunk: Uint8Array): string | undefined {
    const refusal = this.#store(chunk);
    if (refusal !== undefined) return refusal;
    this.#size += chunk.length;
    // The collector sees little of large bodies: they are given back by hand when the request ends without sending them.
    if (this.#size >= SMALL) this.#forget ??= this.#guest?.onRelease(() => this.free());
    return undefined;
  }

  /** Hands all chunks out, to be held by `receive` from now on. */
  passTo(receive: (chunk: Uint8Array) => void): void {
    this.#passJoint();
    for (const chunk of this.#chunks.splice(0)) receive(chunk);
    if (this.#pages !== undefined) for (const chunk of this.#pages.pieces()) receive(chunk);
    this.#freePages();
    this.#release();
  }

  /** Gives the memory back: nobody will read the body. */
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

  /** The first one takes all that was written before along. */
  #page(chunk: Uint8Array): string | undefined {
    const pages = this.#pages ?? new UnsentPages(this.#capacity);
    const before = this.#pages === undefined ? this.#size : 0;
    const refusal = this.#charge(pages.growth(before + chunk.length));
    if (refusal !== undefined) return refusal;
    if (this.#pages === undefined) this.#moveTo(pages);
    pages.push(chunk);
    free(chunk);
    return undefined;
  }

  #moveTo(pages: UnsentPages): void {
    this.#passJoint();
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
    this.#passJoint();
    // A small part of something larger would keep all of that.
    this.#chunks.push(2 * chunk.length < chunk.buffer.byteLength ? new Uint8Array(chunk) : chunk);
    return undefined;
  }

  #join(chunk: Uint8Array): string | undefined {
    if (this.#joint === undefined || this.#filled + chunk.length > this.#joint.length) {
      const size = Math.min(Math.max(this.#size, SMALL), LARGEST_JOINT);
      const refusal = this.#charge(size + CHUNK_COST);
      if (refusal !== undefined) return refusal;
      this.#chunkCost += size + CHUNK_COST;
      this.#passJoint();
      this.#joint = new Uint8Array(size);
    }
    this.#joint.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return undefined;
  }

  #passJoint(): void {
    if (this.#joint === undefined) return;
    // Whoever takes a chunk takes all of its memory.
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
