import { endSession } from '../../mcp/sessions/sessions.ts';
import type { SubCommand } from '../command.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, SESSION_ID, withStore } from './store.ts';

/** Ends one session. */
export const end: SubCommand = {
  name: 'end',
  aliases: ['terminate'],
  summary: 'end one session; its data stays until it is purged',
  options: [...STORE_OPTIONS, 'bucket', 'reason'],
  adjusted: { bucket: BUCKET },
  arguments: [SESSION_ID],
  examples: `
Examples:
  wasmcp-node sessions end 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d --reason 'device lost'

Servers may keep running: the next request of the session gets status 404.`,

  async run(options, { stderr }, id) {
    const { ended, whole } = await withStore(options, async (store, buckets) => {
      const session = await findSession(store, buckets, id);
      const ended = await endSession(store, session.bucket, session.id, options.reason);
      return { ended, whole: session.id };
    });
    stderr.write(ended ? `Ended session ${whole}\n` : `Session ${whole} had ended already\n`);
    return 0;
  },
};
