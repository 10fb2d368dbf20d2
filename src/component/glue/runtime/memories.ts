/** Views of one memory, made anew only after it has grown. */
export interface MemoryViews {
  view(): DataView<ArrayBuffer>;
  bytes(): Uint8Array<ArrayBuffer>;
}

/** `memory` is asked first when the views are: the glue declares memories before they exist. */
export function createMemoryViews(memory: () => WebAssembly.Memory): MemoryViews {
  let bytes = new Uint8Array(0);
  let view = new DataView(bytes.buffer);

  // A view is emptied when its memory grows.
  function refresh(): void {
    const { buffer } = memory() as { buffer: ArrayBuffer };
    bytes = new Uint8Array(buffer);
    view = new DataView(buffer);
  }

  return {
    view() {
      if (bytes.length === 0) refresh();
      return view;
    },
    bytes() {
      if (bytes.length === 0) refresh();
      return bytes;
    },
  };
}
