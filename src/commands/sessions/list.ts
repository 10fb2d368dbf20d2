import type { Store } from '../../../host/index.ts';
import { sessionPage } from '../../mcp/sessions/session-page.ts';
import { matches } from '../../mcp/sessions/session-query.ts';
import { ownedSessions } from '../../mcp/sessions/session-search.ts';
import type { SessionSummary } from '../../mcp/sessions/session-summary.ts';
import { sessionsInState } from '../../mcp/sessions/sessions-in-state.ts';
import type { OptionValues } from '../../options/types.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';
import { STORE_OPTIONS } from '../server-options.ts';
import { recordOf, type SessionRecord } from './record.ts';
import { allSessions, BUCKET, withStore } from './store.ts';

/** Sessions that are sorted at most, because they are in memory at once. */
const SORTED = 1000;

/** Lists the sessions of a store. */
export const list: SubCommand = {
  name: 'list',
  summary: 'list the sessions of the store',
  options: [...STORE_OPTIONS, 'bucket', 'subject', 'sessionState', 'sort', 'limit', 'json'],
  adjusted: { bucket: BUCKET },
  examples: `
Examples:
  wasmcp-node sessions list
  wasmcp-node sessions list --subject bob --sort updated --limit 1
  wasmcp-node sessions list --state live | wc -l

A table on a terminal, a line of JSON for each session elsewhere. --sort prints the newest or largest first, ${SORTED} at most unless
--limit says otherwise. Servers may keep running. An id works like a password: treat the list like passwords.`,

  async run(options, { stdout }) {
    const output = outputTo(stdout, options);
    const { limit = Number.POSITIVE_INFINITY } = options;
    await withStore(options, async (store, buckets) => {
      let last: string | undefined;
      let shown = 0;
      for await (const session of listed(store, buckets, options)) {
        if (output.closed) return;
        if (session === undefined) continue;
        const record = recordOf(session);
        if (!output.people) await output.json(record);
        else {
          if (record.bucket !== last) await output.line(`bucket ${oneLine(record.bucket)}`);
          last = record.bucket;
          await output.line(rowOf(record));
        }
        shown += 1;
        if (shown === limit) return;
      }
      if (output.people && shown === 0) await output.line('no sessions');
    });
    return 0;
  },
};

async function* listed(
  store: Store,
  buckets: readonly string[],
  { subject, sessionState: state, sort, limit = SORTED }: OptionValues,
): AsyncGenerator<SessionSummary | undefined> {
  if (sort !== undefined) {
    const query = { subject, state, sort, limit };
    const pages = await Promise.all(buckets.map((bucket) => sessionPage(store, bucket, query)));
    const rank = { updated: 'updated', size: 'bytes', created: undefined } as const;
    const rankOf = (session: SessionSummary): number => {
      const name = rank[sort];
      return name === undefined ? session.metadata.createdAt : session[name];
    };
    yield* pages.flatMap(({ sessions }) => sessions).sort((a, b) => rankOf(b) - rankOf(a));
    return;
  }
  for (const bucket of buckets) {
    const owned = subject === undefined ? undefined : ownedSessions(store, bucket, subject);
    const inState =
      state === undefined || subject !== undefined ? undefined : sessionsInState(store, bucket, state);
    for await (const session of owned ?? inState ?? allSessions(store, [bucket])) {
      yield session !== undefined && matches(session, { subject, state }) ? session : undefined;
    }
  }
}

/** A session as a line of a table. */
export function rowOf({
  id,
  state,
  created,
  updated,
  edited,
  expires,
  over,
  subject,
  reason,
  keys,
  bytes,
}: SessionRecord): string {
  const end = over === undefined ? `until ${expires ?? 'it is ended'}` : `since ${over}`;
  const more = [edited && `edited ${edited}`, subject && `of ${subject}`, reason && `(${reason})`].filter(
    (text) => text,
  );
  const size = `${keys} keys, ${bytes} bytes`;
  return oneLine([id, state.padEnd(7), created, end, `written ${updated}`, size, ...more].join('  '));
}
