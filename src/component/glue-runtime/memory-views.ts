import { BLOCK, BLOCK_SHIFT, DIRTY_MAP, MAP_START } from '../../wasm/dirty-map.ts';

/** What writes numbers, of a `DataView`. */
export type MemoryWriter = Pick<
  DataView<ArrayBuffer>,
  | 'setInt8'
  | 'setUint8'
  | 'setInt16'
  | 'setUint16'
  | 'setInt32'
  | 'setUint32'
  | 'setBigInt64'
  | 'setBigUint64'
  | 'setFloat32'
  | 'setFloat64'
>;

/** Views of one memory, made again only after it has grown. Everything that is written goes through `writer` and `target`. */
export interface MemoryViews {
  /** For reading. */
  view(): DataView<ArrayBuffer>;
  /** For reading. */
  bytes(): Uint8Array<ArrayBuffer>;
  writer(): MemoryWriter;
  /** Where so many bytes are going to be written. */
  target(pointer: number, length: number): Uint8Array<ArrayBuffer>;
}

/**
 * `memory` is asked first when the views are: the glue declares memories before they exist. Where there is a dirty map beside
 * a memory (`trackDirtyBlocks`), what is written is marked in it.
 */
export function createMemoryViews(memory: () => WebAssembly.Memory): MemoryViews {
  let bytes = new Uint8Array(0);
  let view = new DataView(bytes.buffer);
  let dirtyMap = bytes;

  // A view is emptied when its memory grows.
  function refresh(): void {
    const { buffer, [DIRTY_MAP]: map } = memory() as {
      buffer: ArrayBuffer;
      [DIRTY_MAP]?: { buffer: ArrayBuffer };
    };
    bytes = new Uint8Array(buffer);
    view = new DataView(buffer);
    if (map !== undefined) dirtyMap = new Uint8Array(map.buffer);
  }

  // Without a dirty map, the index is outside of an empty array.
  function mark(at: number): void {
    dirtyMap[MAP_START + (at >>> BLOCK_SHIFT)] = 1;
  }

  // One method for each width: a shared one that looks up its setter by name takes 40 ns for each write instead of 2.
  const writer: MemoryWriter = {
    setInt8(at, value) {
      mark(at);
      view.setInt8(at, value);
    },
    setUint8(at, value) {
      mark(at);
      view.setUint8(at, value);
    },
    setInt16(at, value, little) {
      mark(at);
      view.setInt16(at, value, little);
    },
    setUint16(at, value, little) {
      mark(at);
      view.setUint16(at, value, little);
    },
    setInt32(at, value, little) {
      mark(at);
      view.setInt32(at, value, little);
    },
    setUint32(at, value, little) {
      mark(at);
      view.setUint32(at, value, little);
    },
    setBigInt64(at, value, little) {
      mark(at);
      view.setBigInt64(at, value, little);
    },
    setBigUint64(at, value, little) {
      mark(at);
      view.setBigUint64(at, value, little);
    },
    setFloat32(at, value, little) {
      mark(at);
      view.setFloat32(at, value, little);
    },
    setFloat64(at, value, little) {
      mark(at);
      view.setFloat64(at, value, little);
    },
  };

  return {
    view() {
      if (bytes.length === 0) refresh();
      return view;
    },
    bytes() {
      if (bytes.length === 0) refresh();
      return bytes;
    },
    writer() {
      if (bytes.length === 0) refresh();
      return writer;
    },
    target(pointer, length) {
      if (bytes.length === 0) refresh();
      const written = new Uint8Array(bytes.buffer, pointer, length);
      for (let at = pointer; at < pointer + length; at += BLOCK) mark(at);
      return written;
    },
  };
}
