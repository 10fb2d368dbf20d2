import { getHeapStatistics } from 'node:v8';
import type { BudgetParent } from '../../../host/index.ts';
import { HEAP_END, HEAP_FULL } from '../heap.ts';
import type { Collect } from './collect.ts';

/** Bytes that each guest gets of a full heap, so that requests for which the host holds little can finish. */
const SMALL: number = 4 * 1024 * 1024;

/** Bytes that each guest gets regardless, so that ordinary requests are served. */
const ORDINARY: number = 1024 * 1024;

/** Milliseconds between two collections that determine how much of a heap is garbage; each takes a fraction of a second. */
const COLLECT_INTERVAL = 1000;

/** V8's heap of this thread, which its guests share. */
export interface Heap {
  /** Whether there is no room for a guest that would then hold so many bytes. */
  isFull(held: number): boolean;
  /** Why it was full the last time. */
  refusal(): string;
}

export interface HeapOptions {
  readonly collect: Collect;
  /** Bytes above which it is full for guests with many objects, and for others. */
  readonly full?: number;
  readonly end?: number;
  /** Bytes in use. */
  readonly used?: () => number;
}

export function createHeap({
  collect,
  full = HEAP_FULL,
  end = HEAP_END,
  used = usedHeap,
}: HeapOptions): Heap {
  let collectedAt = Number.NEGATIVE_INFINITY;
  let limit = full;

  return {
    isFull(held) {
      limit = held > SMALL ? full : end;
      if (held <= ORDINARY || used() <= limit) return false;
      if (performance.now() - collectedAt < COLLECT_INTERVAL) return true;
      collect();
      collectedAt = performance.now();
      return used() > limit;
    },
    refusal: () => `the guests of its thread hold more than ${Math.round(limit / 1024 ** 2)} MiB of objects`,
  };
}

function usedHeap(): number {
  return getHeapStatistics().used_heap_size;
}

/** Takes bytes for one guest's host objects from the process, as long as the heap of its thread has room for the objects. */
export class HeapShare implements BudgetParent {
  readonly #heap: Heap;
  readonly #process: BudgetParent;
  #taken = 0;
  #isHeapFull = false;

  constructor(heap: Heap, process: BudgetParent) {
    this.#heap = heap;
    this.#process = process;
  }

  tryCharge(bytes: number): boolean {
    this.#isHeapFull = this.#heap.isFull(this.#taken + bytes);
    if (this.#isHeapFull || !this.#process.tryCharge(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#taken -= bytes;
    this.#process.release(bytes);
  }

  refusal(): string {
    return this.#isHeapFull ? this.#heap.refusal() : this.#process.refusal();
  }
}
