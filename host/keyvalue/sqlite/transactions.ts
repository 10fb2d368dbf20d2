import { WasmcpError } from '../../error.ts';
import type { Connection, Statement } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import type { SpaceRecovery } from './space-recovery.ts';
import type { Statements } from './statements.ts';

/**
 * Milliseconds that SQLite waits by itself; then it is asked again. It looks after 1, 2, 5, … and at last each 100 ms
 * whether others are done: beside writers who never pause, whoever has waited longest would get the fewest chances.
 */
const OWN_PATIENCE = 10;

/** Milliseconds without a full disk after which new entries count as a sign that it has room again. */
const RECOVERED = 5000;

/** What the opener of a store wants to be told. */
export interface StoreEvents {
  /** Runs once, after the first commit. */
  readonly afterFirstWrite: () => void;
  /** Before each commit: why there must be none, if so. */
  readonly mayCommit: () => WasmcpError | undefined;
  /** After each commit: why it must not be acknowledged, if so. */
  readonly mayAcknowledge: () => WasmcpError | undefined;
  /** Closes the connection, by `close`, which is told whether the log may still be moved into the database. */
  readonly closing: (close: (isWhole: boolean) => void) => void;
  /** A sync has failed, or a file is lost: every call fails with this from now on. */
  readonly broken: (failure: WasmcpError) => void;
  /** The disk is full, told when it begins; or it takes new entries again. */
  readonly full: (isFull: boolean) => void;
  /** None where there is no disk. */
  readonly spaceRecovery: SpaceRecovery | undefined;
}

/** How a store reads and writes: with patience, whole or not at all, and never again after it broke. */
export interface Transactions {
  readonly isBroken: boolean;
  /** @throws WasmcpError what SQLite's error means */
  attempt<T>(work: () => T): T;
  /** One moment's state for several statements. */
  read<T>(work: () => T): T;
  /** Commits what `work` did. */
  write<T>(work: () => T): T;
  /** The same for what deletes: on a full disk it gets what there is in reserve. */
  remove(work: () => void): void;
  /** The same for what may only replace: `replaces` is asked on a full disk, whether it takes hardly more room than before. */
  replace<T>(work: () => T, replaces: () => boolean): T;
  /** Told of each new entry, within the transaction. */
  inserted(): void;
}

export function createTransactions(
  connection: Connection,
  sql: Statements,
  url: string,
  patience: number,
  events: StoreEvents,
): Transactions {
  connection.pragma(`busy_timeout = ${Math.min(patience, OWN_PATIENCE)}`);
  let written = false;
  let failure: WasmcpError | undefined;
  /** When the disk was found full last; undefined while it is not. */
  let fullAt: number | undefined;
  let inserts = false;

  function attempt<T>(work: () => T): T {
    if (failure !== undefined) throw failure;
    let deadline: number | undefined;
    for (;;) {
      try {
        return work();
      } catch (error) {
        const meant = sqliteFailure(error, url);
        if (!(meant instanceof WasmcpError)) throw meant;
        if (meant.code === 'store-busy') {
          deadline ??= performance.now() + patience - OWN_PATIENCE;
          if (performance.now() < deadline) continue;
        } else if (meant.code === 'store-broken') {
          failure = meant;
          events.broken(meant);
        } else if (meant.code === 'store-full') filled();
        throw meant;
      }
    }
  }

  function filled(): void {
    if (fullAt === undefined) events.full(true);
    fullAt = performance.now();
  }

  function transaction<T>(begin: Statement, work: () => T): T {
    return attempt(() => {
      begin.run();
      try {
        const result = work();
        sql.commit.run();
        return result;
      } catch (error) {
        // SQLite rolls back by itself after some failures, such as a full disk.
        if (connection.inTransaction) sql.rollback.run();
        throw error;
      }
    });
  }

  function write<T>(work: () => T): T {
    inserts = false;
    const result = transaction(sql.beginImmediate, () => {
      const done = work();
      refuse(events.mayCommit());
      return done;
    });
    attempt(() => refuse(events.mayAcknowledge()));
    if (!written) attempt(events.afterFirstWrite);
    written = true;
    if (fullAt !== undefined && inserts && performance.now() - fullAt > RECOVERED) {
      fullAt = undefined;
      events.spaceRecovery?.restartLog();
      events.full(false);
    }
    return result;
  }

  /** Writes; on a full disk once more after each of these steps that finds some room. */
  function withRoom<T>(work: () => T, steps: readonly (() => boolean)[]): T {
    try {
      return write(work);
    } catch (error) {
      if (!isFull(error)) throw error;
      const next = steps.findIndex((step) => step());
      if (next < 0) throw error;
      return withRoom(work, steps.slice(next + 1));
    }
  }

  return {
    get isBroken() {
      return failure !== undefined;
    },
    attempt,
    read: (work) => transaction(sql.begin, work),
    write,
    remove(work) {
      const { spaceRecovery } = events;
      withRoom(work, spaceRecovery === undefined ? [] : [spaceRecovery.restartLog, spaceRecovery.release]);
    },
    replace(work, replaces) {
      const { spaceRecovery } = events;
      return withRoom(
        work,
        spaceRecovery === undefined ? [] : [() => replaces() && spaceRecovery.restartLog()],
      );
    },
    inserted() {
      inserts = true;
    },
  };
}

function isFull(error: unknown): boolean {
  return error instanceof WasmcpError && error.code === 'store-full';
}

function refuse(failure: WasmcpError | undefined): void {
  if (failure !== undefined) throw failure;
}
