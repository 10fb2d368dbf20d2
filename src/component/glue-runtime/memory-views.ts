import { BLOCK, BLOCK_SHIFT, DIRTY_MAP, MAP_START } from '../../wasm/dirty-map.ts';

/** The methods of a `DataView` that write numbers. */
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

/** Views of one memory, recreated only after it has grown. All writes go through `writer` and `target`. */
export interface MemoryViews {
  /** For reading. */
  view(): DataView<ArrayBuffer>;
  /** For reading. */
  bytes(): Uint8Array<ArrayBuffer>;
  writer(): MemoryWriter;
  /** The `length` bytes at `pointer`, which the caller is going to write. */
  target(pointer: number, length: number): Uint8Array<ArrayBuffer>;
}

/**
 * `memory` is called at the first use, because the glue declares memories before they exist. If the memory has a dirty map
 * (`trackDirtyBlocks`), writes are marked in it.
 */
export function createMemoryViews(memory: () => WebAssembly.Memory): MemoryViews {
  let bytes = new Uint8Array(0);
  let view = new DataView(bytes.buffer);
  let dirtyMap = bytes;

  // A view becomes empty when its memory grows.
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
