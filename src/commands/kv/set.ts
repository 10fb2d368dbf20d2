import { buffer } from 'node:stream/consumers';
import type { SubCommand } from '../command.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, withStore } from './store.ts';

/** Writes one value. */
export const set: SubCommand = {
  name: 'set',
  summary: 'write a value',
  options: [...KV_OPTIONS, 'maxValue'],
  arguments: [
    BUCKET,
    KEY,
    {
      name: 'value',
      description: 'the value as text; default: standard input, unchanged',
      optional: true,
    },
  ],
  examples: `
Examples:
  wasmcp-node kv set default greeting hello
  wasmcp-node kv set default logo < logo.png
  wasmcp-node kv set default empty ''

The value is as durable as the disk when the command ends.`,

  async run(options, { stdin }, bucket, key, value?: string) {
    refuseInternal(bucket, options);
    const bytes = value === undefined ? await buffer(stdin) : Buffer.from(value);
    await withStore(options, async (store) => store.set(bucket, key, bytes));
    return 0;
  },
};
