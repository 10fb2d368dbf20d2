import { endSession } from '../../mcp/sessions/sessions.ts';
import type { SubCommand } from '../command.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, withStore } from './store.ts';

/** Ends one session. */
export const terminate: SubCommand = {
  name: 'terminate',
  summary: 'end one session; its data stays until it is purged',
  options: [...STORE_OPTIONS, 'bucket', 'reason'],
  adjusted: { bucket: BUCKET },
  arguments: [{ name: 'id', description: "the session's id" }],
  examples: `
Examples:
  wasmcp-node sessions terminate 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d --reason 'device lost'

Servers may keep running: the next request of the session gets status 404.`,

  async run(options, { stderr }, id) {
    const ended = await withStore(options, async (store, buckets) => {
      const { bucket } = await findSession(store, buckets, id);
      return endSession(store, bucket, id, options.reason);
    });
    stderr.write(ended ? `Ended session ${id}\n` : `Session ${id} had ended already\n`);
    return 0;
  },
};
