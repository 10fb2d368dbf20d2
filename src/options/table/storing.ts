import { DEFAULTS } from '../defaults.ts';
import { ASSIGNMENT, choice, SIZE } from '../kinds.ts';
import type { OptionRows } from '../types.ts';

type Storing = 'store' | 'durability' | 'bucket' | 'maxValue' | 'preset';

/** Where key-values are stored, and how safely. */
export const STORING: OptionRows<Storing> = {
  store: {
    flags: '--store <url>',
    environment: ['WASMCP_NODE_STORE', 'WASMCP_STORE'],
    description: 'where key-values are stored: sqlite:PATH or memory:',
    fallback: DEFAULTS.store,
  },
  durability: {
    flags: '--durability <mode>',
    description:
      'what acknowledged writes survive: power (a power cut), process (kill -9), strict (as power, with a sync per write)',
    kind: choice('power', 'process', 'strict'),
    fallback: DEFAULTS.durability,
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
    description: 'a key of the default bucket to set at the start, unless the store already has it',
    kind: ASSIGNMENT,
    list: true,
  },
};
