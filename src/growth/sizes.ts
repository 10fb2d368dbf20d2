/** Bytes of a WebAssembly page. */
export const PAGE = 65_536;

/** Bytes that V8 needs for an element of a table: a reference, and for functions the data of a call. */
export const TABLE_ELEMENT = 24;

/** Pages of a 32-bit memory: 4 GiB. */
export const MOST_PAGES = 65_536;

/** Elements of all tables of one instance of a component: V8 keeps them on its heap, and ends the process when that is full. */
export const MAX_TABLE_ELEMENTS = 1_000_000;

/** Bytes above which an array of WasmGC needs permission. If many smaller objects fill the heap, V8 ends the thread. */
export const LARGE_ARRAY = 1024;
