import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { wholeRecord } from './record.ts';
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

64-bit numbers are strings, bytes are base64.`,

  async run(options, { stdout }, id = '') {
    const output = outputTo(stdout, options);
    await withStore(options, async (store, buckets) => {
      if (id !== '') return output.json(await wholeRecord(store, await findSession(store, buckets, id)));
      for await (const session of allSessions(store, buckets)) {
        if (output.closed) return;
        await output.json(await wholeRecord(store, session));
      }
    });
    return 0;
  },
};
