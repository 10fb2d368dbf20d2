/** Bytes of a WebAssembly page. */
export const PAGE = 65_536;

/** Bytes that V8 needs for an element of a table: a reference, and for functions what a call of it needs. */
export const TABLE_ELEMENT = 24;

/** Pages of a 32-bit memory: 4 GiB. */
export const MOST_PAGES = 65_536;

/** Elements of all tables of one instance of a component: V8 keeps them on its heap, and ends the process when that is full. */
export const MAX_TABLE_ELEMENTS = 1_000_000;

/** Bytes of an array of WasmGC above which it is asked for. V8 ends the thread when many smaller objects fill its heap. */
export const LARGE_ARRAY = 1024;
