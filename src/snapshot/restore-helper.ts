import { RESTORE_WASM } from './restore-wasm.ts';

/** Size in bytes of what is compared and written as one: a page of the operating system. */
export const BLOCK = 4096;

export const BLOCKS_PER_PAGE = 16;

/** `restore.wat`, bound to one live memory, to its cards if it has any, and to the image. Offsets and lengths that are outside of a memory trap. */
export interface RestoreHelper {
  /** Makes `blocks` blocks from `at` on what they are from `from` on in the image; answers how many were written. */
  restore(at: number, from: number, blocks: number): number;
  /** Makes `blocks` blocks from `at` on zeros; answers how many were written. */
  clear(at: number, blocks: number): number;
  /** Size of the live memory, in pages of 64 KiB. */
  pages(): number;
  /** Whether something was written to the first blocks since `unmark`; they are a multiple of 16. */
  isMarked(blocks: number): 0 | 1;
  /** As `restore`, less what was not marked on the cards since `unmark`. */
  restoreMarked(at: number, from: number, blocks: number): number;
  /** As `clear`, less what was not marked on the cards since `unmark`. */
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
  cards: WebAssembly.Memory | undefined,
): RestoreHelper {
  const { exports } = new WebAssembly.Instance(compiled, {
    memory: { live, image, cards: cards ?? image },
  });
  return exports as unknown as RestoreHelper;
}
