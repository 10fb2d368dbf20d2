import { isDeepStrictEqual } from 'node:util';
import type { GlueState } from '../component/glue-state.ts';
import { BLOCK } from '../wasm/dirty-map.ts';
import type { CoreState } from './exposed-state.ts';
import { firstDifference, type MemoryImage, type SnapshotImage } from './image.ts';
import { BLOCKS_PER_PAGE, type RestoreHelper } from './restore-helper.ts';

/**
 * Why an instance cannot be used again.
 *
 * - `trapped`: an exception went through the guest's code
 * - `unsettled`: a call is in progress, or host resources could not be released
 * - `grown`: its memories have grown by more than is worth clearing, or by memory that the next request may need
 */
export type DiscardReason = 'trapped' | 'unsettled' | 'grown';

/** One instance that can be reset to the state it had right after instantiation. */
export interface RestorableInstance {
  /**
   * Restores memories, globals and handle tables, and releases host resources. Memories that have grown keep their size; the
   * added part is zeroed. Only between calls: a suspended guest is not settled.
   *
   * Returns undefined on success; otherwise the state of the instance is undefined, and it must be discarded.
   */
  restore(): DiscardReason | undefined;
  /** Blocks of 4 KiB that the last `restore` wrote. */
  readonly written: number;
  /** For tests. @throws TypeError that names the first byte, global or handle table that is not restored */
  assertRestored(): void;
}

const PAGE = BLOCK * BLOCKS_PER_PAGE;
const MAX_GROWTH = 16 * 1024 * 1024;

/** Maximum of a 32-bit memory. */
const MOST = 4 * 1024 ** 3;

/** A memory may stay grown if it took at most this share of its room to grow. */
const KEPT_PART = 1 / 16;

/** How far memories may grow in an instance that is used again. */
export interface GrowthBounds {
  /**
   * Bytes to which each memory may grow; 4 GiB by default. If one has taken more than a sixteenth of its room, the instance is
   * not used again: the guest's allocator is reset, does not know of the growth, and would find that much less room.
   */
  readonly limits?: readonly number[];
  /** Bytes that all memories together may take; the same applies to them. */
  readonly limit?: number | undefined;
  /** Bytes by which all memories together may grow; 16 MiB by default. */
  readonly maxGrowth?: number | undefined;
}

interface LiveMemory {
  readonly image: MemoryImage;
  readonly helper: RestoreHelper;
  /** Its room: bytes by which it may grow. */
  readonly maxGrowth: number;
  /** It has a dirty map. */
  readonly tracked: boolean;
  /** The only inner component that can access it; undefined if that is not known. */
  readonly owner: number | undefined;
}

/**
 * Prepares a new instance for being restored to `image`: its state is that of the image, and none of its functions has been
 * called. `glue` is the state of its glue; undefined if the glue has none.
 */
export function makeRestorable(
  image: SnapshotImage,
  state: CoreState,
  glue: GlueState | undefined,
  { limits, limit = Number.POSITIVE_INFINITY, maxGrowth = MAX_GROWTH }: GrowthBounds = {},
): RestorableInstance {
  const initial = image.memories.reduce((sum, { size }) => sum + size, 0);
  const maxSum = Math.min(maxGrowth, (limit - initial) * KEPT_PART);
  const owners = new Map(glue?.memoryOwners());
  const memories = state.memories.map(
    (memory, i): LiveMemory => ({
      image: image.memories[i]!,
      helper: image.bind(memory, state.dirtyMaps[i]),
      maxGrowth: ((limits ? limits[i]! : MOST) - image.memories[i]!.size) * KEPT_PART,
      tracked: state.dirtyMaps[i] !== undefined,
      owner: owners.get(memory),
    }),
  );
  const globals = image.saveGlobals(state.globals);
  const saved = glue?.save();
  glue?.entered.fill(0);
  for (const { helper, tracked } of memories) if (tracked) helper.unmark(helper.pages() * BLOCKS_PER_PAGE);
  let written = 0;
  /** The size of each memory in blocks. */
  const sizes = memories.map(() => 0);

  function restoreMarked({ image: { size, runs }, helper }: LiveMemory, all: number): void {
    if (helper.isMarked(all) === 0) return;
    for (const { at, blocks, from } of runs) {
      written += from === undefined ? helper.clearMarked(at, blocks) : helper.restoreMarked(at, from, blocks);
    }
    written += helper.clearMarked(size, all - size / BLOCK);
    helper.unmark(all);
  }

  function restoreMemory({ image: { size, runs }, helper }: LiveMemory, all: number): void {
    for (const { at, blocks, from } of runs) {
      written += from === undefined ? helper.clear(at, blocks) : helper.restore(at, from, blocks);
    }
    const grown = all - size / BLOCK;
    if (grown > 0) written += helper.clear(size, grown);
  }

  // Without an accessor, which would give each object a hidden class of its own.
  const restorable = {
    written: 0,
    restore(): DiscardReason | undefined {
      written = 0;
      if (glue !== undefined && saved !== undefined && !glue.restore(saved)) {
        return glue.dead ? 'trapped' : 'unsettled';
      }
      let sum = 0;
      for (let at = 0; at < memories.length; at++) {
        const { helper, image, maxGrowth: bound } = memories[at]!;
        const pages = helper.pages();
        sizes[at] = pages * BLOCKS_PER_PAGE;
        const growth = pages * PAGE - image.size;
        if (growth > bound) return 'grown';
        sum += growth;
      }
      if (sum > maxSum) return 'grown';
      for (let at = 0; at < memories.length; at++) {
        const memory = memories[at]!;
        const size = sizes[at]!;
        if (memory.tracked) restoreMarked(memory, size);
        else if (memory.owner === undefined || glue?.entered[memory.owner] !== 0) restoreMemory(memory, size);
      }
      globals.restore();
      glue?.entered.fill(0);
      restorable.written = written;
      return undefined;
    },
    assertRestored(): void {
      const difference = firstDifference(image, state);
      if (difference !== undefined) throw new TypeError(`not restored: ${difference}`);
      if (!isDeepStrictEqual(glue?.save(), saved)) throw new TypeError('not restored: the handle tables');
    },
  };
  return restorable;
}
