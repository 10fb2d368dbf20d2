import { BLOCK } from '../wasm/dirty-map.ts';
import type { CoreState } from './exposed-state.ts';
import { compileGlobals, type SavedGlobals } from './globals.ts';
import { bindHelper, compileHelper, type RestoreHelper } from './restore-helper.ts';

/** A range of a memory, in bytes and blocks. */
export interface Run {
  readonly at: number;
  readonly blocks: number;
  /** Where its content is in the image; undefined if it is all zeros, which are not stored. */
  readonly from: number | undefined;
}

export interface MemoryImage {
  /** In bytes. */
  readonly size: number;
  readonly runs: readonly Run[];
}

/**
 * The state that every instance of a component has right after instantiation. One image serves all instances of a thread; it
 * never changes.
 */
export interface SnapshotImage {
  /** The blocks of all memories that are not zeros, one after another. */
  readonly content: WebAssembly.Memory;
  readonly memories: readonly MemoryImage[];
  readonly globals: readonly (number | bigint)[];
  /** Compares a live memory with this image and restores it. */
  bind(live: WebAssembly.Memory, dirtyMap: WebAssembly.Memory | undefined): RestoreHelper;
  /** Saves the globals of an instance that has not run yet. */
  saveGlobals(live: readonly WebAssembly.Global[]): SavedGlobals;
}

const PAGE = 0x10000;
const ZEROS: Buffer = Buffer.alloc(PAGE);

/** Takes the image of an instance that has not run yet. Reads all of its memory and changes nothing. */
export function captureImage({ memories, globals }: CoreState): SnapshotImage {
  let stored = 0;
  const images = memories.map(({ buffer }): MemoryImage => {
    const runs: Run[] = [];
    for (const { at, blocks, zeros } of divide(Buffer.from(buffer))) {
      runs.push({ at, blocks, from: zeros ? undefined : stored });
      if (!zeros) stored += blocks * BLOCK;
    }
    return { size: buffer.byteLength, runs };
  });

  const content = new WebAssembly.Memory({ initial: Math.ceil(stored / PAGE) });
  const target = Buffer.from(content.buffer);
  for (const [i, { runs }] of images.entries()) {
    const source = Buffer.from(memories[i]!.buffer);
    for (const { at, blocks, from } of runs)
      if (from !== undefined) source.copy(target, from, at, at + blocks * BLOCK);
  }

  const helper = compileHelper();
  return {
    content,
    memories: images,
    globals: globals.map((global): number | bigint => global.value),
    bind: (live, dirtyMap) => bindHelper(helper, live, content, dirtyMap),
    saveGlobals: compileGlobals(globals),
  };
}

interface Stretch {
  readonly at: number;
  blocks: number;
  readonly zeros: boolean;
}

/** Ranges of blocks that are zeros and ranges of other blocks, alternating. */
function divide(memory: Buffer): Stretch[] {
  const stretches: Stretch[] = [];
  const isZero = (at: number, length: number): boolean =>
    ZEROS.compare(memory, at, at + length, 0, length) === 0;
  const add = (at: number, blocks: number, zeros: boolean): void => {
    const last = stretches.at(-1);
    if (last?.zeros === zeros) last.blocks += blocks;
    else stretches.push({ at, blocks, zeros });
  };
  for (let page = 0; page < memory.length; page += PAGE) {
    // Most pages are zeros: one comparison for each page.
    if (isZero(page, PAGE)) add(page, PAGE / BLOCK, true);
    else for (let at = page; at < page + PAGE; at += BLOCK) add(at, 1, isZero(at, BLOCK));
  }
  return stretches;
}

/** Whether sizes of memories or the number of globals differ from the image, human-readable; undefined if they do not. */
export function sizeDifference(image: SnapshotImage, state: CoreState): string | undefined {
  const sizes = state.memories.map(({ buffer }) => buffer.byteLength).join();
  if (sizes !== image.memories.map(({ size }) => size).join()) return 'sizes of memories';
  return state.globals.length === image.globals.length ? undefined : 'number of globals';
}

/**
 * The first difference between an instance's state and the image, human-readable; undefined if every byte and every global is
 * the same. A memory that has grown since counts as the same if the added part is zeros.
 */
export function firstDifference(image: SnapshotImage, state: CoreState): string | undefined {
  const content = Buffer.from(image.content.buffer);
  for (const [i, { size, runs }] of image.memories.entries()) {
    const live = Buffer.from(state.memories[i]!.buffer);
    for (const { at, blocks, from } of runs) {
      const end = at + blocks * BLOCK;
      const byte = from === undefined ? findNonZero(live, at, end) : findOther(live, at, end, content, from);
      if (byte !== undefined) return `memory ${i} at byte ${byte}`;
    }
    const grown = findNonZero(live, size, live.length);
    if (grown !== undefined) return `memory ${i} at byte ${grown}, beyond its first ${size}`;
  }
  const global = image.globals.findIndex((value, i) => !Object.is(value, state.globals[i]!.value));
  return global < 0 ? undefined : `global ${global}`;
}

/** Offset of the first byte in `live` that differs from `other`. */
function findOther(live: Buffer, at: number, end: number, other: Buffer, from: number): number | undefined {
  if (live.compare(other, from, from + end - at, at, end) === 0) return undefined;
  let offset = 0;
  while (live[at + offset] === other[from + offset]) offset += 1;
  return at + offset;
}

function findNonZero(live: Buffer, start: number, end: number): number | undefined {
  for (let at = start; at < end; at += PAGE) {
    const byte = findOther(live, at, Math.min(at + PAGE, end), ZEROS, 0);
    if (byte !== undefined) return byte;
  }
  return undefined;
}
