import { recordEntryEdit } from '../../mcp/sessions/edits.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';
import { BUCKET, KEY, KV_OPTIONS, refuseInternal, refuseSession, WRITING, withStore } from './store.ts';

/** Deletes one entry. */
export const deleteKey: SubCommand = {
  name: 'delete',
  summary: 'delete a key, if it exists',
  options: KV_OPTIONS,
  adjusted: WRITING,
  arguments: [BUCKET, KEY],
  examples: `
Examples:
  wasmcp-node kv delete default greeting

A key of a session that exists is refused without --internal: use sessions unset instead.`,

  async run(options, { stderr }, bucket, key) {
    refuseInternal(bucket, options);
    const existed = await withStore(options, async (store) => {
      await refuseSession(store, { bucket, key }, options);
      const found = await store.exists(bucket, key);
      if (found) await recordEntryEdit(store, bucket, key, () => store.delete(bucket, key));
      return found;
    });
    const done = existed
      ? `Deleted "${key}" from bucket "${bucket}"`
      : `Bucket "${bucket}" has no key "${key}"`;
    stderr.write(`${oneLine(done)}\n`);
    return 0;
  },
};
