import type { ResourceLimits } from 'node:worker_threads';

/**
 * Bytes that V8's heap may use in a thread that runs guests: twice what the host may hold for one guest. Above it, V8 ends
 * the thread. Guests' memories and the bytes of buffers are not on the heap.
 */
export const GUEST_HEAP: number = 512 * 1024 ** 2;

/**
 * Bytes in use above which guests with many host objects get no more of them. V8 ends a thread whose heap is full, and all
 * requests in that thread fail with it.
 */
export const HEAP_FULL: number = 320 * 1024 ** 2;

/** The same for guests with fewer objects: hundreds of them fill a heap together. */
export const HEAP_END: number = 416 * 1024 ** 2;

/** For threads that run guests. */
export const GUEST_THREAD_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: GUEST_HEAP / 1024 ** 2 };
