import type { SubCommand } from '../command.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, withStore } from './store.ts';

/** Deletes one entry. */
export const deleteKey: SubCommand = {
  name: 'delete',
  summary: 'delete a key, if it exists',
  options: KV_OPTIONS,
  arguments: [BUCKET, KEY],
  examples: `
Examples:
  wasmcp-node kv delete default greeting`,

  async run(options, _, bucket, key) {
    refuseInternal(bucket, options);
    await withStore(options, async (store) => store.delete(bucket, key));
    return 0;
  },
};
