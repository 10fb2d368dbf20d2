import { gcArrays, manyMemories, manyTables } from './hostile-wat.ts';

/** One way to make the host hold memory or descriptors. */
export interface Pattern {
  /** Its name in the table. */
  readonly name: string;
  /** The route of `hostile.wasm`, or `/` of a separate component. */
  readonly path: string;
  /** The component in text format, for what Rust cannot express. */
  readonly wat?: string;
  /** Bytes of the request's body. */
  readonly upload?: number;
  /** Query of a smaller version, which ends quickly if limits are low. */
  readonly small?: string;
}

/** `TARGET` in a path is replaced by the address of a server that accepts connections and never responds. */
export const TARGET = 'TARGET';

export const PATTERNS: readonly Pattern[] = [
  { name: '100 unsent bodies of 63 MiB', path: '/unsent-bodies', small: 'n=10&mib=4' },
  { name: 'an unsent body in 50 M chunks of a byte', path: '/unsent-chunks', small: 'n=100000' },
  { name: '100 bodies of unsent requests', path: '/request-bodies', small: 'n=10&mib=4' },
  { name: 'an endless response', path: '/endless-response' },
  { name: 'an unread upload of 9 MiB', path: '/unread-streams?ms=500', upload: 9 << 20, small: 'ms=50' },
  { name: 'fields.set of 100 M empty values', path: '/fields-set?n=100000000', small: 'n=200000' },
  { name: 'fields.from-list of 50 M fields', path: '/fields-from-list', small: 'n=100000' },
  { name: 'get-many of 100 M empty keys', path: '/get-many?n=100000000', small: 'n=200000' },
  { name: 'set-many of 50 M pairs', path: '/set-many', small: 'n=100000' },
  { name: 'delete-many of 100 M empty keys', path: '/delete-many?n=100000000', small: 'n=200000' },
  { name: 'poll of 200 M handles', path: '/poll?n=200000000', small: 'n=200000' },
  { name: 'one value of 64 KiB, 100,000 times in a list', path: '/one-element', small: 'n=1000' },
  { name: '5 M fields', path: '/fields', small: 'n=100000' },
  { name: '20,000 fields of 120 KB', path: '/full-fields', small: 'n=300' },
  { name: '3 M responses', path: '/responses', small: 'n=100000' },
  { name: '3 M requests', path: '/requests', small: 'n=100000' },
  { name: '5 M request options', path: '/request-options', small: 'n=100000' },
  { name: '5 M pollables', path: '/pollables', small: 'n=100000' },
  { name: 'poll of 1 M clocks', path: '/timers', small: 'n=100000' },
  { name: '5 M buckets', path: '/buckets', small: 'n=100000' },
  { name: '1,000 cas handles on 4 MiB', path: '/cas', small: 'n=20' },
  { name: '2 M descriptors of a folder', path: '/directories', small: 'n=50000' },
  { name: '5,000 listings of 2,000 files', path: '/listings', small: 'n=200&files=500' },
  { name: '3 M streams of one file', path: '/file-streams', small: 'n=50000' },
  { name: '200 paths of 16 MiB', path: '/long-path', small: 'n=20&mib=1' },
  { name: '200 methods of 16 MiB', path: '/long-method', small: 'n=20&mib=1' },
  { name: '200 authorities of 16 MiB', path: '/long-authority', small: 'n=20&mib=1' },
  { name: 'a key of 200 MiB, 20 times', path: '/long-key', small: 'n=2&mib=20' },
  { name: 'a file name of 100 MiB, 20 times', path: '/long-file-name', small: 'n=2&mib=10' },
  { name: 'an error text of 200 MiB', path: '/error-text', small: 'mib=20' },
  { name: 'a line of 200 MiB', path: '/stdout', small: 'mib=2' },
  { name: 'a panic of 100 MiB', path: '/panic-text', small: 'mib=2' },
  { name: '1,000 MiB of memory', path: '/grow', small: 'ms=10' },
  { name: '1,000 MiB of memory, and an endless loop', path: '/grow-and-spin' },
  { name: '50 reads of 60 MiB of random bytes', path: '/random', small: 'n=2&mib=20' },
  { name: '80 values of 15 MiB', path: '/values', small: 'n=2' },
  { name: '5,000 open files', path: '/open-files', small: 'n=2000&ms=10' },
  { name: '5,000 files open for appending', path: '/append-files', small: 'n=2000' },
  {
    name: '64 connections to a silent server',
    path: `/connections?to=${TARGET}`,
    small: `to=${TARGET}&ms=50`,
  },
  { name: '60 memories of 64 MiB', path: '/', wat: manyMemories(60, 1024) },
  { name: '90 tables of 10 M entries', path: '/', wat: manyTables(90, 10_000_000) },
  { name: 'arrays of WasmGC', path: '/', wat: gcArrays() },
];
