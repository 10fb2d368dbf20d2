import { count, PATH } from '../kinds.ts';
import type { OptionRows } from '../types.ts';

type Commands =
  | 'json'
  | 'internal'
  | 'prefix'
  | 'limit'
  | 'keepSource'
  | 'verbose'
  | 'cacheDir'
  | 'watch'
  | 'wait'
  | 'keep'
  | 'serverLog';

/** What the commands themselves do. */
export const COMMAND: OptionRows<Commands> = {
  json: {
    flags: '--json',
    description: 'print JSON on a terminal too',
  },
  internal: {
    flags: '--internal',
    description: 'include the buckets that wasmcp-node keeps for itself',
  },
  prefix: {
    flags: '--prefix <text>',
    description: 'only keys that begin with this text',
  },
  limit: {
    flags: '--limit <n>',
    description: 'at most this many',
    kind: count(1, Number.MAX_SAFE_INTEGER),
  },
  keepSource: {
    flags: '--keep-source',
    description: 'do not mark the source as moved: its servers go on using it',
  },
  verbose: {
    flags: '-v, --verbose',
    description: 'report how the component was loaded',
  },
  cacheDir: {
    flags: '--cache-dir <path>',
    description: "where transpiled components are cached; default: the user's cache directory",
  },
  watch: {
    flags: '--watch',
    description: 'reload the component when its file changes',
  },
  wait: {
    flags: '--wait <path>',
    description: 'start the command once a GET of this path succeeds, within --timeout',
    kind: PATH,
  },
  keep: {
    flags: '--keep',
    description: 'keep serving after the command has ended, until a signal',
  },
  serverLog: {
    flags: '--server-log <path>',
    description: 'a file to which the output of server and guests is appended; default: stderr',
  },
};
