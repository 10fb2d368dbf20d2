import type { Writable } from 'node:stream';
import { type Store, WasmcpError } from '../../../host/index.ts';
import { purgeSessions } from '../../mcp/sessions/purge.ts';
import { deleteSession } from '../../mcp/sessions/sessions.ts';
import { createThrottle } from '../../mcp/sessions/throttle.ts';
import type { OptionValues } from '../../options/types.ts';
import type { SubCommand } from '../command.ts';
import { progressLine } from '../progress.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { BUCKET, findSession, withStore } from './store.ts';

/** The share of the time in which it works: servers that write to the same store wait meanwhile. */
const SHARE = 1 / 3;

interface Done {
  readonly sessions: number;
  readonly keys: number;
}

/** Deletes sessions that have ended or expired. */
export const purge: SubCommand = {
  name: 'purge',
  summary: 'delete sessions that ended or expired some time ago, or a given one',
  options: [...STORE_OPTIONS, 'bucket', 'sessionRetention'],
  adjusted: { bucket: BUCKET },
  arguments: [
    {
      name: 'id',
      description: 'the one session to delete, however recently it ended',
      optional: true,
    },
  ],
  examples: `
Examples:
  wasmcp-node sessions purge
  wasmcp-node sessions purge --session-retention 1h
  wasmcp-node sessions purge 0b3f9d5c-5d0e-4c39-9f4e-4f5d3a2b1c0d

Servers do the same by themselves. Live sessions are never deleted: end them first. The clock of this machine is trusted.`,

  async run(options, { stderr }, id = '') {
    const done = id === '' ? await purgeAll(options, stderr) : await purgeOne(options, id);
    stderr.write(`Purged ${done.sessions} sessions, ${done.keys} keys\n`);
    return 0;
  },
};

async function purgeOne(options: OptionValues, id: string): Promise<Done> {
  return withStore(options, async (store, buckets) => {
    const { id: whole, bucket, state } = await findSession(store, buckets, id);
    if (state.name === 'live') {
      throw new WasmcpError('option-invalid', `session ${whole} is live: end it first with sessions end`);
    }
    return { sessions: 1, keys: await deleteSession(store, bucket, whole) };
  });
}

async function purgeAll(options: OptionValues, stderr: Writable): Promise<Done> {
  const { sessionRetention: retention } = options;
  const done = { sessions: 0, keys: 0 };
  if (retention === 'off') return done;
  const line = progressLine(stderr);
  let looked = 0;
  async function purgeBucket(store: Store, bucket: string, now: number, after: number): Promise<void> {
    const throttle = createThrottle(SHARE);
    const purged = await purgeSessions(store, { bucket, retention: after, now }, async () => {
      looked += 1;
      if (looked % 50 === 0) line.show('Purging sessions');
      await throttle();
      return true;
    });
    done.sessions += purged.sessions;
    done.keys += purged.keys;
  }
  try {
    // No sync for each of them, which would take hours: after a power cut another purge deletes what came back.
    await withStore(
      options,
      async (store, buckets) => {
        for (const bucket of buckets) await purgeBucket(store, bucket, Date.now(), retention);
      },
      { durability: 'process' },
    );
  } finally {
    line.clear();
  }
  return done;
}
