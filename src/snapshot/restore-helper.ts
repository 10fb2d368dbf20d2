import { RESTORE_WASM } from './restore-wasm.ts';

export const BLOCKS_PER_PAGE = 16;

/**
 * `restore.wat`, bound to one live memory, to its dirty map if it has one, and to the image. Accesses outside of a memory
 * trap.
 */
export interface RestoreHelper {
  /** Restores `blocks` blocks at `at` from the image at `from`; returns how many were written. */
  restore(at: number, from: number, blocks: number): number;
  /** Zeros `blocks` blocks at `at`; returns how many were written. */
  clear(at: number, blocks: number): number;
  /** Size of the live memory, in pages of 64 KiB. */
  pages(): number;
  /** Whether any of the first `blocks` blocks, a multiple of 16, was written since `unmark`. */
  isMarked(blocks: number): 0 | 1;
  /** As `restore`, but only for blocks that the dirty map marks since `unmark`. */
  restoreMarked(at: number, from: number, blocks: number): number;
  /** As `clear`, but only for blocks that the dirty map marks since `unmark`. */
  clearMarked(at: number, blocks: number): number;
  /** Removes the marks of the first blocks. */
  unmark(blocks: number): void;
}

/** Compiled once for each image, and bound once to each memory. */
export function compileHelper(): WebAssembly.Module {
  return new WebAssembly.Module(Buffer.from(RESTORE_WASM, 'base64'));
}

export function bindHelper(
  compiled: WebAssembly.Module,
  live: WebAssembly.Memory,
  image: WebAssembly.Memory,
  dirtyMap: WebAssembly.Memory | undefined,
): RestoreHelper {
  const { exports } = new WebAssembly.Instance(compiled, {
    memory: { live, image, dirtyMap: dirtyMap ?? image },
  });
  const { restore, clear, pages, isMarked, restoreMarked, clearMarked, unmark } =
    exports as unknown as RestoreHelper;
  // A copy: the exports of each instance have a hidden class of their own, and V8 would discard optimized code at each new one.
  return { restore, clear, pages, isMarked, restoreMarked, clearMarked, unmark };
}
