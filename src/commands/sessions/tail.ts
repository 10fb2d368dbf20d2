import { setTimeout as delay } from 'node:timers/promises';
import { createChangeSearch } from '../../mcp/sessions/changed-sessions.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { rowOf } from './list.ts';
import { recordOf } from './record.ts';
import { BUCKET, findSession, SESSION_ID, withStore } from './store.ts';

/** Prints sessions as they are written. */
export const tail: SubCommand = {
  name: 'tail',
  summary: 'print each session that is written, or a given one, until it is interrupted',
  options: [...STORE_OPTIONS, 'bucket', 'subject', 'limit', 'json'],
  adjusted: { bucket: BUCKET, limit: { description: 'end after this many' } },
  arguments: [{ ...SESSION_ID, optional: true }],
  examples: `
Examples:
  wasmcp-node sessions tail
  wasmcp-node sessions tail 0b3f9d5c
  wasmcp-node sessions tail --subject bob | jq -r .updated

The lines of sessions list, once for all writes between two looks at the store: every half second, less often for a store with
more than 100,000 sessions. The ends of sessions are among them, purges are not.`,

  async run(options, { stdout, stderr }, id?: string) {
    const output = outputTo(stdout, options);
    const { subject, limit = Number.POSITIVE_INFINITY } = options;
    await withStore(options, async (store, buckets) => {
      const only = id === undefined ? undefined : await findSession(store, buckets, id);
      const searches = (only === undefined ? buckets : [only.bucket]).map((bucket) =>
        createChangeSearch(store, bucket),
      );
      for (const search of searches) await search.next();
      stderr.write(`Waiting for changes in ${store.url}\n`);
      let shown = 0;
      while (!output.closed) {
        await delay(Math.max(0, ...searches.map(({ pause }) => pause)));
        for (const search of searches) {
          for (const session of await search.next()) {
            if (only !== undefined && session.id !== only.id) continue;
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
