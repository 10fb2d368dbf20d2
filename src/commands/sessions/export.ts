import type { Store } from '../../../host/index.ts';
import type { SessionSummary } from '../../mcp/sessions/session-summary.ts';
import { valueRecord } from '../../mcp/sessions/value-record.ts';
import type { SubCommand } from '../command.ts';
import { type Output, outputTo } from '../output.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { dataOf } from './record.ts';
import { allSessions, BUCKET, findSession, withStore } from './store.ts';

/** Prints whole sessions as JSON. */
export const exportSessions: SubCommand = {
  name: 'export',
  summary: 'print sessions with all their values, one line of JSON each',
  options: [...STORE_OPTIONS, 'bucket'],
  adjusted: { bucket: BUCKET },
  arguments: [{ name: 'id', description: 'the one session to print', optional: true }],
  examples: `
Examples:
  wasmcp-node sessions export > sessions.jsonl
  wasmcp-node sessions export --store sqlite:old.db | wasmcp-node sessions import --store postgres://app@db/app

64-bit numbers are strings, bytes are base64, JSON that cannot be repeated exactly is "text" instead of "value". The values of the
server itself are included, so that sessions import restores every byte.`,

  async run(options, { stdout }, id = '') {
    const output = outputTo(stdout, options);
    await withStore(options, async (store, buckets) => {
      if (id !== '') return print(store, await findSession(store, buckets, id), output);
      for await (const session of allSessions(store, buckets)) {
        if (output.closed) return;
        await print(store, session, output);
      }
    });
    return 0;
  },
};

/** Nothing that depends on the time, so that the same sessions are the same lines. */
async function print(store: Store, session: SessionSummary, output: Output): Promise<void> {
  const { id, bucket } = session;
  const data = new Map<string, unknown>();
  for await (const [key, stored] of dataOf(store, session)) data.set(key, valueRecord(stored));
  await output.json({ id, bucket, data: Object.fromEntries(data) });
}
