import { WasmcpError } from '../../index.ts';
import { purgeSessions } from '../../mcp/sessions/purge.ts';
import { deleteSession } from '../../mcp/sessions/sessions.ts';
import type { SubCommand } from '../command.ts';
import { progressLine } from '../progress.ts';
import { BUCKET, findSession, withStore } from './store.ts';

/** Deletes sessions that are over. */
export const purge: SubCommand = {
  name: 'purge',
  summary: 'delete sessions that ended or expired some time ago, or one that is over',
  options: ['store', 'bucket', 'sessionRetention'],
  adjusted: { bucket: BUCKET },
  argument: {
    name: 'id',
    description: 'the one session to delete, however short it is over',
    optional: true,
  },
  examples: `
Examples:
  wasmcp-node sessions purge
  wasmcp-node sessions purge --session-retention 1h
  wasmcp-node sessions purge 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d

As servers do by themselves. Live sessions are never deleted: end them first. This machine's clock is trusted.`,

  async run(id, options, { stderr }) {
    const { sessionRetention: retention } = options;
    const done = { sessions: 0, keys: 0 };
    const line = progressLine(stderr);
    try {
      await withStore(options, async (store, buckets) => {
        if (id !== '') {
          const { bucket, state } = await findSession(store, buckets, id);
          if (state.name === 'live') {
            throw new WasmcpError(
              'option-invalid',
              `session ${id} is live: end it first, by sessions terminate`,
            );
          }
          done.keys += await deleteSession(store, bucket, id);
          done.sessions += 1;
          return;
        }
        if (retention === 'off') return;
        for (const bucket of buckets) {
          let looked = 0;
          const purged = await purgeSessions(store, { bucket, retention, now: Date.now() }, () => {
            looked += 1;
            if (looked % 1000 === 0) line.show(`Looked at ${looked} sessions`);
            return true;
          });
          done.sessions += purged.sessions;
          done.keys += purged.keys;
        }
      });
    } finally {
      line.clear();
    }
    stderr.write(`Purged ${done.sessions} sessions, ${done.keys} keys\n`);
    return 0;
  },
};
