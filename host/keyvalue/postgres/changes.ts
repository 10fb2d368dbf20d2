import {
  type Change,
  type Changes,
  LIFE,
  MAX_BYTES,
  MAX_CHANGES,
  READ_BYTES,
  READ_CHANGES,
} from '../changes.ts';
import { type ChangeLog, followLog, type ReadChanges } from '../follow.ts';
import { FORGOTTEN, tooManyChanges } from '../lost-changes.ts';
import { newHolderId } from '../process-identity.ts';
import type { Store } from '../store.ts';
import { byteaOf, textOf } from './keys.ts';
import type { Runner } from './runner.ts';
import { quoted } from './schema.ts';
import type { Row, Session } from './session.ts';

/** Milliseconds between two readings. Notifications would make every commit that sends one wait for the others. */
const POLL = 50;

export interface ChangesParts {
  readonly runner: Runner;
  readonly schema: string;
  readonly unreported: Store;
  /** The followers of this store, which it wakes when it has written. */
  readonly wakers: Set<() => void>;
}

export function createChanges(parts: ChangesParts): Changes<Store> {
  return {
    unreported: parts.unreported,
    follow: (follower) => followLog(createLog(parts), follower),
  };
}

/** Followers that were killed have left the trigger, which costs every write. */
export async function stopRecording(session: Session, schema: string): Promise<void> {
  await session.query(`SELECT ${quoted(schema)}.stop_recording()`);
}

/** How far a log was read. */
interface Position {
  /** Everything that this snapshot sees was read. */
  readonly seen: string;
  /** Of what a later one sees, what has at most this id was read. */
  readonly later?: { readonly snapshot: string; readonly id: string };
}

/**
 * Transactions do not commit in the order of their ids. So a reading takes all changes that are visible to its own snapshot and were
 * not to the previous one: a transaction is visible to all later snapshots or to none of the earlier ones. Of one key, the
 * transaction that came later waited for the end of the earlier one; within one reading, ids tell the order.
 */
function createLog({ runner, schema, wakers }: ChangesParts): ChangeLog {
  const sql = statements(schema);
  const id = newHolderId();
  let position: Position = { seen: '' };

  const follow = (): Promise<unknown> => runner.write(sql.follow, [id, LIFE]);

  async function read(): Promise<ReadChanges> {
    const { seen, later } = position;
    const rows = await runner.read(sql.read, [seen, later?.snapshot ?? null, later?.id ?? '0']);
    const [snapshot, isWhole] = rows[0]!;
    const last = rows.at(-1)![2]!;
    position = isWhole === 't' ? { seen: snapshot! } : { seen, later: { snapshot: snapshot!, id: last } };
    return { changes: rows.filter(([, , change]) => change !== null).map(changeIn) };
  }

  return {
    async begin() {
      await follow();
      const [row] = await runner.read(sql.snapshot, []);
      position = { seen: row![0]! };
    },
    read,
    async renew() {
      const [row] = await runner.read(sql.renew, [id, LIFE, position.seen]);
      if (row![0] !== 't') {
        await follow();
        return FORGOTTEN;
      }
      const [backlog] = await runner.read(sql.backlog, [position.seen]);
      const [count, size, snapshot] = backlog!;
      if (Number(count) <= MAX_CHANGES && Number(size) <= MAX_BYTES) return undefined;
      position = { seen: snapshot! };
      return tooManyChanges(Number(count));
    },
    async end() {
      await runner.write(sql.unfollow, [id]);
    },
    listen(wake) {
      const timer = setInterval(wake, POLL).unref();
      wakers.add(wake);
      return () => {
        wakers.delete(wake);
        clearInterval(timer);
      };
    },
  };
}

type Statement = 'follow' | 'snapshot' | 'read' | 'renew' | 'backlog' | 'unfollow';

function statements(schema: string): Readonly<Record<Statement, string>> {
  const name = quoted(schema);
  // The first condition is for the index.
  const unseen =
    'transaction >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(transaction, $1::pg_snapshot)';
  return {
    follow: `SELECT ${name}.follow_changes($1, $2::integer)`,
    snapshot: 'SELECT pg_current_snapshot()',
    // Each row has the snapshot, and whether all that it sees is in these rows. `page` ends with the change with which it is enough.
    read: `WITH now AS MATERIALIZED (SELECT coalesce($2::pg_snapshot, pg_current_snapshot()) AS snapshot),
      found AS MATERIALIZED (
        SELECT id, coalesce(octet_length(value), 0) AS size FROM ${name}.change
        WHERE ${unseen} AND pg_visible_in_snapshot(transaction, (SELECT snapshot FROM now)) AND id > $3::bigint
        ORDER BY id LIMIT ${READ_CHANGES + 1}),
      sums AS (SELECT id, row_number() OVER (ORDER BY id) AS n, sum(size) OVER (ORDER BY id) - size AS before FROM found),
      page AS MATERIALIZED (SELECT id FROM sums WHERE n <= ${READ_CHANGES} AND before < ${READ_BYTES})
      SELECT now.snapshot, (SELECT count(*) FROM found) = (SELECT count(*) FROM page), change.id, bucket, key, value
      FROM now LEFT JOIN (page JOIN ${name}.change AS change ON change.id = page.id) ON true ORDER BY change.id`,
    renew: `SELECT ${name}.renew_follower($1, $2::integer, $3::pg_snapshot)`,
    backlog: `SELECT count(*), coalesce(sum(octet_length(value)), 0), pg_current_snapshot() FROM ${name}.change WHERE ${unseen}`,
    unfollow: `SELECT ${name}.unfollow_changes($1)`,
  };
}

function changeIn([, , , bucket, key, value]: Row): Change {
  const names = { bucket: textOf(bucket!), key: textOf(key!) };
  return typeof value === 'string'
    ? { kind: 'set', ...names, value: byteaOf(value) }
    : { kind: 'delete', ...names };
}
