import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { recordOf, type SessionRecord } from './record.ts';
import { allSessions, BUCKET, withStore } from './store.ts';

/** Lists the sessions of a store. */
export const list: SubCommand = {
  name: 'list',
  summary: 'list the sessions of the store',
  options: [...STORE_OPTIONS, 'bucket', 'json'],
  adjusted: { bucket: BUCKET },
  examples: `
Examples:
  wasmcp-node sessions list
  wasmcp-node sessions list | grep '"state":"live"' | wc -l

A table on a terminal, a line of JSON for each session elsewhere. Servers may keep running. An id works like a password: treat the list like passwords.`,

  async run(options, { stdout }) {
    const output = outputTo(stdout, options);
    await withStore(options, async (store, buckets) => {
      let last: string | undefined;
      for await (const session of allSessions(store, buckets)) {
        if (output.closed) return;
        const record = await recordOf(store, session);
        if (!output.people) await output.json(record);
        else {
          if (record.bucket !== last) await output.line(`bucket ${oneLine(record.bucket)}`);
          last = record.bucket;
          await output.line(row(record));
        }
      }
      if (output.people && last === undefined) await output.line('no sessions');
    });
    return 0;
  },
};

function row({ id, state, created, expires, over, subject, reason }: SessionRecord): string {
  const end = over === undefined ? `until ${expires ?? 'it is ended'}` : `since ${over}`;
  const more = [subject && `of ${subject}`, reason && `(${reason})`].filter((text) => text);
  return oneLine([id, state.padEnd(7), created, end, ...more].join('  '));
}
