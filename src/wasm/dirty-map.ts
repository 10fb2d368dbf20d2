/**
 * The dirty map of a memory: another memory, with a byte for each block of 4 KiB, which is set before a write that begins in
 * the block (see `trackDirtyBlocks`). The byte of address `a` is at `MAP_START + (a >>> BLOCK_SHIFT)`. Such a write has at
 * most the length of a block, so it may end in the next one. `restore.wat` and `copy-utf8.wat` rely on the same layout.
 */
export const MAP_START = 16;

export const BLOCK_SHIFT = 12;

/** Bytes of a block, the size of a page of the operating system. */
export const BLOCK: number = 1 << BLOCK_SHIFT;

/** Pages of 64 KiB of a dirty map: for 4 GiB, and room to mark one block too many. */
export const MAP_PAGES = 17;

/** Where a module imports the dirty maps of the memories that it imports: `0` is that of the first. */
export const DIRTY_MAP_MODULE = '$dirty-map';

/** A module exports the dirty map of its own memory `n` as `$dn`, and the memory as `$mn`. */
export const DIRTY_MAP_EXPORT: RegExp = /^\$d\d+$/;

/** The key of a memory's dirty map on the memory itself. */
export const DIRTY_MAP: unique symbol = Symbol.for('wasmcp-node.dirty-map');
