import { getHeapStatistics } from 'node:v8';
import type { BudgetParent } from '../../../host/index.ts';
import { HEAP_FULL } from '../heap.ts';
import type { Collect } from './collect.ts';

/** Bytes that each guest gets regardless, so that requests for which the host holds little can finish. */
const SMALL: number = 4 * 1024 * 1024;

/** Milliseconds between two collections that determine how much of a heap is garbage; each takes a fraction of a second. */
const COLLECT_INTERVAL = 1000;

/** V8's heap of this thread, which its guests share. */
export interface Heap {
  isFull(): boolean;
  refusal(): string;
}

export interface HeapOptions {
  readonly collect: Collect;
  /** Bytes above which it is full. */
  readonly full?: number;
  /** Bytes in use. */
  readonly used?: () => number;
}

export function createHeap({ collect, full = HEAP_FULL, used = usedHeap }: HeapOptions): Heap {
  let collectedAt = Number.NEGATIVE_INFINITY;

  return {
    isFull() {
      if (used() <= full) return false;
      if (performance.now() - collectedAt < COLLECT_INTERVAL) return true;
      collect();
      collectedAt = performance.now();
      return used() > full;
    },
    refusal: () => `the guests of its thread hold more than ${Math.round(full / 1024 ** 2)} MiB of objects`,
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
    this.#isHeapFull = this.#taken + bytes > SMALL && this.#heap.isFull();
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
