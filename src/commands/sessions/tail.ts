import { setTimeout as delay } from 'node:timers/promises';
import { createChangeSearch } from '../../mcp/sessions/changed-sessions.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { rowOf } from './list.ts';
import { recordOf } from './record.ts';
import { BUCKET, withStore } from './store.ts';

/** Prints sessions as they are written. */
export const tail: SubCommand = {
  name: 'tail',
  summary: 'print each session that is written, until it is interrupted',
  options: [...STORE_OPTIONS, 'bucket', 'subject', 'limit', 'json'],
  adjusted: { bucket: BUCKET, limit: { description: 'end after this many' } },
  examples: `
Examples:
  wasmcp-node sessions tail
  wasmcp-node sessions tail --subject bob | jq -r .updated

The lines of sessions list, once for all writes between two looks at the store: every half second, less often for a store with
more than 100,000 sessions. The ends of sessions are among them, purges are not.`,

  async run(options, { stdout, stderr }) {
    const output = outputTo(stdout, options);
    const { subject, limit = Number.POSITIVE_INFINITY } = options;
    await withStore(options, async (store, buckets) => {
      const searches = buckets.map((bucket) => createChangeSearch(store, bucket));
      for (const search of searches) await search.next();
      stderr.write(`Waiting for changes in ${store.url}\n`);
      let shown = 0;
      while (!output.closed) {
        await delay(Math.max(0, ...searches.map(({ pause }) => pause)));
        for (const search of searches) {
          for (const session of await search.next()) {
            if (subject !== undefined && session.subject !== subject) continue;
            const record = recordOf(session);
            await (output.people ? output.line(rowOf(record)) : output.json(record));
            shown += 1;
            if (shown === limit) return;
          }
        }
      }
    });
    return 0;
  },
};
