import { inTurn } from '../../mcp/edge/in-turn.ts';
import { editValue } from '../../mcp/sessions/edit-session.ts';
import type { SubCommand } from '../command.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, SESSION_ID, TURN_TIMEOUT, withStore } from './store.ts';

/** Deletes one value of a session. */
export const unset: SubCommand = {
  name: 'unset',
  summary: 'delete one value of a live session, between two of its requests',
  options: [...STORE_OPTIONS, 'bucket', 'timeout'],
  adjusted: { bucket: BUCKET, timeout: TURN_TIMEOUT },
  arguments: [SESSION_ID, { name: 'key', description: 'the key of the value' }],
  examples: `
Examples:
  wasmcp-node sessions unset 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d cart

Servers may keep running: no update of a guest is lost.`,

  async run(options, { stderr }, id, key) {
    const session = await withStore(options, async (store, buckets) => {
      const session = await findSession(store, buckets, id);
      await inTurn(store, session, options.timeout, (fence) =>
        editValue(store, { bucket: session.bucket, session: session.id, key }, () => undefined, fence),
      );
      return session;
    });
    stderr.write(`Session ${session.id} has no such value any more\n`);
    return 0;
  },
};
