import { RESTORE_WASM } from './restore-wasm.ts';

export const BLOCKS_PER_PAGE = 16;

/** `restore.wat`, bound to one live memory, to its dirty map if it has one, and to the image. Offsets and lengths that are outside of a memory trap. */
export interface RestoreHelper {
  /** Makes `blocks` blocks from `at` on what they are from `from` on in the image; returns how many were written. */
  restore(at: number, from: number, blocks: number): number;
  /** Makes `blocks` blocks from `at` on zeros; returns how many were written. */
  clear(at: number, blocks: number): number;
  /** Size of the live memory, in pages of 64 KiB. */
  pages(): number;
  /** Whether something was written to the first blocks since `unmark`; they are a multiple of 16. */
  isMarked(blocks: number): 0 | 1;
  /** As `restore`, less what was not marked in the dirty map since `unmark`. */
  restoreMarked(at: number, from: number, blocks: number): number;
  /** As `clear`, less what was not marked in the dirty map since `unmark`. */
  clearMarked(at: number, blocks: number): number;
  /** Forgets what was written to the first blocks. */
  unmark(blocks: number): void;
}

/** To be compiled once for an image, and bound once for each memory. */
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
  return exports as unknown as RestoreHelper;
}
