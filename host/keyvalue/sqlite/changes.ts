import {
  type Change,
  type Changes,
  type Follower,
  LIFE,
  MAX_BYTES,
  MAX_CHANGES,
  READ_BYTES,
  READ_CHANGES,
} from '../changes.ts';
import { type ChangeLog, followLog } from '../follow.ts';
import { FORGOTTEN, tooManyChanges } from '../lost-changes.ts';
import { newHolderId } from '../process-identity.ts';
import type { Store } from '../store.ts';
import { plainBytes, type StoreAccess } from './access.ts';
import { type ChangeStatements, prepareChangeStatements } from './change-statements.ts';
import type { Connection } from './connection.ts';

/** Milliseconds between two looks whether others have committed. */
const POLL = 50;

/** Adds to the log, within transactions, and wakes the followers of this connection. */
export interface ChangeRecorder {
  /** Whether changes must be recorded, once the store is known to have followers. */
  isFollowed(): boolean;
  record(bucket: string, key: Buffer, value: Uint8Array | undefined): void;
}

/** @param wakers called when something was recorded, before it is committed */
export function createChangeRecorder(
  connection: Connection,
  wakers: ReadonlySet<() => void>,
): ChangeRecorder {
  let prepared: ChangeStatements | undefined;
  const sql = (): ChangeStatements => {
    prepared ??= prepareChangeStatements(connection);
    return prepared;
  };
  return {
    isFollowed() {
      if (sql().isFollowed.get() !== undefined) return true;
      // They learn from it that changes are missing.
      sql().removeDead.run();
      return sql().isRemembered.get() !== undefined;
    },
    record(bucket, key, value) {
      sql().record.run(bucket, key, value ?? null);
      for (const wake of wakers) wake();
    },
  };
}

export interface ChangesParts {
  readonly connection: Connection;
  readonly access: StoreAccess;
  readonly unreported: Store;
  /** The followers of this connection. */
  readonly wakers: Set<() => void>;
}

/** The log of changes in a database. Writers come one after another, so ids are in the order of commits. */
export function createChanges(parts: ChangesParts): Changes<Store> {
  return {
    unreported: parts.unreported,
    follow: (follower: Follower) => followLog(createLog(parts), follower),
  };
}

function createLog({ connection, access, wakers }: ChangesParts): ChangeLog {
  const { transactions, attempt } = access;
  const sql = attempt(() => prepareChangeStatements(connection));
  const id = newHolderId();
  let seen = 0n;

  const lastId = (): bigint => sql.lastId.get()!.id;

  /** Within a transaction. Returns what is read next, and why changes before it were lost. */
  function renew(): { next: bigint; lost?: string } {
    const { count, size } = sql.backlog.get(seen)!;
    const isTooMuch = count > MAX_CHANGES || size > MAX_BYTES;
    const next = isTooMuch ? lastId() : seen;
    if (sql.renew.run(LIFE, next, id).changes === 0) {
      sql.add.run(id, LIFE, next);
      return { next, lost: FORGOTTEN };
    }
    sql.removeLongDead.run(LIFE);
    sql.trim.run();
    return isTooMuch ? { next, lost: tooManyChanges(Number(count)) } : { next };
  }

  return {
    begin() {
      seen = transactions.write(() => {
        sql.add.run(id, LIFE, lastId());
        return lastId();
      });
    },
    read: () => ({
      changes: attempt(() => {
        const last = lastOf(sql.sizes.all(seen, READ_CHANGES));
        if (last === undefined) return [];
        const changes = sql.read.all(seen, last).map(changeIn);
        seen = last;
        return changes;
      }),
    }),
    renew() {
      const { next, lost } = transactions.write(renew);
      seen = next;
      return lost;
    },
    end: () =>
      transactions.write(() => {
        sql.remove.run(id);
        if (sql.isRemembered.get() === undefined) sql.removeAll.run();
      }),
    listen(wake) {
      const version = connection.prepare<[], bigint>('PRAGMA data_version').pluck();
      let known: bigint | undefined;
      const timer = setInterval(() => {
        try {
          const current = version.get();
          if (current !== known) wake();
          known = current;
        } catch {
          wake();
        }
      }, POLL).unref();
      wakers.add(wake);
      return () => {
        wakers.delete(wake);
        clearInterval(timer);
      };
    },
  };
}

/** The last of the first changes that are read together. */
function lastOf(sizes: readonly { readonly id: bigint; readonly size: bigint }[]): bigint | undefined {
  let bytes = 0n;
  const end = sizes.findIndex(({ size }) => {
    bytes += size;
    return bytes >= READ_BYTES;
  });
  return sizes.at(end)?.id;
}

function changeIn(row: { bucket: string; key: Buffer; value: Uint8Array | null }): Change {
  const { bucket, value } = row;
  const key = row.key.toString('utf8');
  const bytes = value === null ? undefined : plainBytes(value);
  return bytes === undefined ? { kind: 'delete', bucket, key } : { kind: 'set', bucket, key, value: bytes };
}
