import { DEFAULTS } from '../defaults.ts';
import { ASSIGNMENT, choice, DURATION, PATH, SIZE, STORE_CONNECTIONS } from '../kinds.ts';
import type { OptionRows } from '../types.ts';

type Storing =
  | 'store'
  | 'storePasswordFile'
  | 'storeTimeout'
  | 'storeWait'
  | 'storeConnections'
  | 'durability'
  | 'acceptWeaker'
  | 'bucket'
  | 'maxValue'
  | 'preset';

/** Where key-values are stored, and how safely. */
export const STORING: OptionRows<Storing> = {
  store: {
    flags: '--store <url>',
    environment: ['WASMCP_NODE_STORE', 'WASMCP_STORE'],
    description:
      'where key-values are stored: sqlite:PATH, memory:, postgres://USER@HOST/DATABASE or redis://HOST',
    fallback: DEFAULTS.store,
  },
  storePasswordFile: {
    flags: '--store-password-file <path>',
    description: 'a file with the password of the store on another machine',
    kind: PATH,
  },
  storeTimeout: {
    flags: '--store-timeout <time>',
    description: 'time limit of a call to a store on another machine',
    kind: DURATION,
    fallback: DEFAULTS.storeTimeout,
  },
  storeWait: {
    flags: '--store-wait <time>',
    description: 'how long to wait at startup for a store on another machine',
    kind: DURATION,
    fallback: DEFAULTS.storeWait,
  },
  storeConnections: {
    flags: '--store-connections <n>',
    description:
      'maximum number of connections to a store on another machine; default: 4 per worker, at least 8',
    kind: STORE_CONNECTIONS,
  },
  durability: {
    flags: '--durability <mode>',
    description:
      'what acknowledged writes survive: power (a power cut), process (kill -9), strict (as power, with a sync per write)',
    kind: choice('power', 'process', 'strict'),
    fallback: DEFAULTS.durability,
  },
  acceptWeaker: {
    flags: '--accept-weaker',
    description: 'use a store on another machine even if its settings cannot guarantee --durability',
  },
  bucket: {
    flags: '--bucket <name>',
    description: 'a bucket that guests may open; default: any name',
    list: true,
  },
  maxValue: {
    flags: '--max-value <size>',
    description: 'largest value in the store',
    kind: SIZE,
    fallback: DEFAULTS.maxValue,
  },
  preset: {
    flags: '--preset <key=value>',
    description: 'a key of the default bucket to set at startup, unless the store already has it',
    kind: ASSIGNMENT,
    list: true,
  },
};
