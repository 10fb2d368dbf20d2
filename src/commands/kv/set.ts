import { buffer } from 'node:stream/consumers';
import { recordEntryEdit } from '../../mcp/sessions/edits.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, refuseSession, WRITING, withStore } from './store.ts';

/** Writes one value. */
export const set: SubCommand = {
  name: 'set',
  summary: 'write a value',
  options: [...KV_OPTIONS, 'maxValue'],
  adjusted: WRITING,
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

The value is as durable as the disk when the command ends. A key of a session that exists is refused without --internal: its values have types, which
sessions set keeps.`,

  async run(options, { stdin, stderr }, bucket, key, value?: string) {
    refuseInternal(bucket, options);
    const bytes = value === undefined ? await buffer(stdin) : Buffer.from(value);
    await withStore(options, async (store) => {
      await refuseSession(store, { bucket, key }, options);
      await recordEntryEdit(store, bucket, key, () => store.set(bucket, key, bytes));
    });
    stderr.write(`${oneLine(`Stored ${bytes.byteLength} bytes at "${key}" in bucket "${bucket}"`)}\n`);
    return 0;
  },
};
