import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import type { Awaitable } from '../awaitable.ts';
import type { Holder, LeaseName, Leases } from '../leases.ts';
import { hasEnded } from '../process-identity.ts';
import { wellFormed } from './access.ts';
import { type Connection, connect } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import { type LeaseWatch, watchLeases } from './lease-events.ts';
import { type LeaseRow, type LeaseStatements, NOW, prepareLeaseStatements } from './lease-statements.ts';

/** Milliseconds after the death of a holder until its leases are removed. */
const KEPT = 60_000;

/** Milliseconds until the next attempt while others write. */
const PAUSE = 1;

interface Opened {
  readonly connection: Connection;
  readonly sql: LeaseStatements;
}

/** A connection whose commits neither wait for the disk nor checkpoint: it is used by threads that must not wait. */
export function connectForLeases(path: string): Connection {
  const connection = connect(path, 0);
  connection.pragma('synchronous = NORMAL');
  connection.pragma('wal_autocheckpoint = 0');
  return connection;
}

/**
 * The leases of a store. Synchronous, unless others write at the moment: then it retries for `patience` milliseconds without
 * blocking the thread. `open` is called for the first lease.
 */
export function createLeases(
  url: string,
  patience: number,
  open: () => Connection,
  requireOpen: () => void,
): Leases & { close(): void } {
  let own: Opened | undefined;
  const watches = new Set<LeaseWatch>();
  /** By holder: the leases that it waits for. */
  const waiting = new Map<string, Map<string, LeaseName>>();

  function namesOf({ id }: Holder): Map<string, LeaseName> {
    const names = waiting.get(id) ?? new Map<string, LeaseName>();
    waiting.set(id, names);
    return names;
  }

  function opened(): Opened {
    requireOpen();
    if (own === undefined) {
      const connection = open();
      own = { connection, sql: prepareLeaseStatements(connection) };
    }
    return own;
  }

  function run<T>(work: (sql: LeaseStatements) => T): Awaitable<T> {
    const attempt = (): T => {
      const result = transaction(opened(), work, url);
      for (const watch of watches) watch.changed();
      return result;
    };
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return again(attempt, patience);
    }
  }

  function wait(holder: Holder, bucket: string, name: string): undefined {
    namesOf(holder).set(keyOf(bucket, name), { bucket, name });
    return undefined;
  }

  function stopWaiting(holder: Holder, bucket: string, name: string): void {
    namesOf(holder).delete(keyOf(bucket, name));
  }

  return {
    acquire: (holder, bucket, name) =>
      run((sql) => {
        const row = sql.find.get(wellFormed(bucket), wellFormed(name));
        sql.live.run(holder.id, holder.life);
        if (row !== undefined && row.holder !== holder.id && isAlive(row)) {
          if (row.isWanted !== 1n) sql.want.run(holder.id, bucket, name);
          return wait(holder, bucket, name);
        }
        stopWaiting(holder, bucket, name);
        if (row?.holder === holder.id) return row.token;
        const token = nextToken(sql);
        sql.take.run(bucket, name, holder.id, token);
        return token;
      }),
    renew: (holder) =>
      run((sql) => {
        sql.live.run(holder.id, holder.life);
        if (sql.dead.get(KEPT) !== undefined) {
          sql.removeLeases.run(KEPT);
          sql.removeHolders.run(KEPT);
        }
        return sql.wanted.all(holder.id).map(({ bucket, name }) => ({ bucket, name }));
      }),
    release: (holder, bucket, names) =>
      run((sql) => {
        for (const name of names) {
          stopWaiting(holder, bucket, name);
          giveUp(sql, holder, bucket, name);
        }
      }),
    leave: (holder) =>
      run((sql) => {
        namesOf(holder).clear();
        for (const { bucket, name } of sql.allOf.all(holder.id, holder.id)) giveUp(sql, holder, bucket, name);
        sql.forget.run(holder.id);
      }),
    listen(holder, listener) {
      const { connection } = opened();
      const parts = { connection, holder: holder.id, waiting: namesOf(holder), listener, now: NOW };
      const watch = watchLeases(parts);
      watches.add(watch);
      return () => {
        watch.stop();
        watches.delete(watch);
      };
    },
    close() {
      for (const watch of watches) watch.stop();
      // A store in memory has only one connection, which belongs to the store.
      if (own?.connection.memory === false) own.connection.close();
      own = undefined;
    },
  };
}

function transaction<T>({ connection, sql }: Opened, work: (sql: LeaseStatements) => T, url: string): T {
  try {
    sql.begin.run();
    try {
      const result = work(sql);
      sql.commit.run();
      return result;
    } catch (error) {
      if (connection.inTransaction) sql.rollback.run();
      throw error;
    }
  } catch (error) {
    throw sqliteFailure(error, url);
  }
}

/** Retries while others write, for `patience` milliseconds. */
async function again<T>(attempt: () => T, patience: number): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    await delay(PAUSE);
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
  }
}

/** A process that was killed has left a holder that would live for some seconds. */
function isAlive({ holder, isAlive: lives }: LeaseRow): boolean {
  return lives === 1n && !hasEnded(holder);
}

/** Gives the lease of this holder to the next one, or stops waiting for it. */
function giveUp(sql: LeaseStatements, holder: Holder, bucket: string, name: string): void {
  const row = sql.find.get(wellFormed(bucket), wellFormed(name));
  if (row?.wanted === holder.id) sql.want.run(null, bucket, name);
  if (row?.holder !== holder.id) return;
  if (row.isWanted === 1n && row.wanted !== holder.id) sql.take.run(bucket, name, row.wanted, nextToken(sql));
  else sql.free.run(bucket, name);
}

function isBusy(error: unknown): boolean {
  return error instanceof WasmcpError && error.code === 'store-busy';
}

function keyOf(bucket: string, name: string): string {
  return `${bucket}\0${name}`;
}

/** Within a transaction. Not one statement with RETURNING, as in `prepareStatements`. */
function nextToken(sql: LeaseStatements): bigint {
  sql.countToken.run();
  return sql.lastToken.get()!.token;
}
