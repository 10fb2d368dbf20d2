import { WasmcpError } from '../../error.ts';
import type { Connection, Statement } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import type { SpaceRecovery } from './space-recovery.ts';
import type { Statements } from './statements.ts';

/**
 * Milliseconds that SQLite itself waits before we retry. Its busy handler sleeps 1, 2, 5, … and finally 100 ms at a time: next
 * to writers that never pause, the connection that has waited longest would get the fewest chances.
 */
const BUSY_TIMEOUT = 10;

/** Milliseconds since the disk was last found full after which it is checked for space. */
const RECOVERY_INTERVAL = 5000;

/** Callbacks of the opener of a store. */
export interface StoreEvents {
  /** Called once, after the first commit. */
  readonly afterFirstWrite: () => void;
  /** Called before each commit; returns why it must not be made, if so. */
  readonly mayCommit: () => WasmcpError | undefined;
  /** Called after each commit; returns why it must not be acknowledged, if so. */
  readonly mayAcknowledge: () => WasmcpError | undefined;
  /** Called to close the connection by `close`, whose argument says whether the log may still be checkpointed. */
  readonly closing: (close: (isWhole: boolean) => void) => void;
  /** A sync has failed, or a file is lost: every call fails with this from now on. */
  readonly broken: (failure: WasmcpError) => void;
  /** Called with true when the disk is found full, with false when it has space for new entries again. */
  readonly full: (isFull: boolean) => void;
  /** Undefined for a store in memory. */
  readonly spaceRecovery: SpaceRecovery | undefined;
  /** Opens a connection for leases; undefined for a store in memory, which has one connection. */
  readonly leaseConnection: (() => Connection) | undefined;
}

/** Runs the reads and writes of a store: retries while others write, all or nothing, and never again once broken. */
export interface Transactions {
  readonly isBroken: boolean;
  /** Runs single statements. @throws WasmcpError what SQLite's error means */
  attempt<T>(work: () => T): T;
  /** Runs several statements on one snapshot. */
  read<T>(work: () => T): T;
  /** Runs `work` and commits it. */
  write<T>(work: () => T): T;
  /** The same for deletes: on a full disk they get the reserve. */
  remove(work: () => void): void;
  /** The same for writes that may replace: on a full disk they get the reserve if `replaces` says that they need hardly more space than before. */
  replace<T>(work: () => T, replaces: () => boolean): T;
  /** Ends what runs in the background. */
  close(): void;
}

export function createTransactions(
  connection: Connection,
  sql: Statements,
  url: string,
  patience: number,
  events: StoreEvents,
): Transactions {
  connection.pragma(`busy_timeout = ${Math.min(patience, BUSY_TIMEOUT)}`);
  const attempts = createAttempts(url, patience, (failure) => {
    if (failure.code === 'store-broken') events.broken(failure);
    else if (failure.code === 'store-full') foundFull();
  });
  const { attempt } = attempts;
  let written = false;
  /** Runs while the disk is full. On a timer, since the writes of a server that has several connections may all go to others. */
  let recoveryTimer: NodeJS.Timeout | undefined;

  function foundFull(): void {
    if (recoveryTimer === undefined) {
      events.full(true);
      recoveryTimer = setInterval(checkRecovery, RECOVERY_INTERVAL).unref();
    } else recoveryTimer.refresh();
  }

  function checkRecovery(): void {
    if (attempts.isBroken || !events.spaceRecovery?.hasRecovered()) return;
    clearInterval(recoveryTimer);
    recoveryTimer = undefined;
    events.full(false);
  }

  function transaction<T>(begin: Statement, work: () => T): T {
    return attempt(() => {
      begin.run();
      try {
        const result = work();
        sql.commit.run();
        return result;
      } catch (error) {
        // SQLite rolls back by itself on some errors, such as a full disk (https://sqlite.org/lang_transaction.html).
        if (connection.inTransaction) sql.rollback.run();
        throw error;
      }
    });
  }

  function write<T>(work: () => T): T {
    const result = transaction(sql.beginImmediate, () => {
      const done = work();
      refuse(events.mayCommit());
      return done;
    });
    attempt(() => refuse(events.mayAcknowledge()));
    if (!written) attempt(events.afterFirstWrite);
    written = true;
    return result;
  }

  /** Writes; on a full disk tries again after each of these steps that frees some space. */
  function writeFreeing<T>(work: () => T, steps: readonly (() => boolean)[]): T {
    try {
      return write(work);
    } catch (error) {
      if (!isFull(error)) throw error;
      const next = steps.findIndex((step) => step());
      if (next < 0) throw error;
      return writeFreeing(work, steps.slice(next + 1));
    }
  }

  return {
    get isBroken() {
      return attempts.isBroken;
    },
    attempt,
    read: (work) => transaction(sql.begin, work),
    write,
    remove(work) {
      const { spaceRecovery } = events;
      writeFreeing(
        work,
        spaceRecovery === undefined ? [] : [() => spaceRecovery.restartLog(true), spaceRecovery.release],
      );
    },
    replace(work, replaces) {
      const { spaceRecovery } = events;
      return writeFreeing(
        work,
        spaceRecovery === undefined ? [] : [() => spaceRecovery.restartLog(replaces())],
      );
    },
    close() {
      clearInterval(recoveryTimer);
    },
  };
}

interface Attempts {
  readonly isBroken: boolean;
  attempt<T>(work: () => T): T;
}

/** Runs work on the database, and retries it while others write, until `patience` is over; calls `failed` before it throws. */
function createAttempts(url: string, patience: number, failed: (failure: WasmcpError) => void): Attempts {
  let broken: WasmcpError | undefined;
  return {
    get isBroken() {
      return broken !== undefined;
    },
    attempt(work) {
      if (broken !== undefined) throw broken;
      let deadline: number | undefined;
      for (;;) {
        try {
          return work();
        } catch (error) {
          const failure = sqliteFailure(error, url);
          if (!(failure instanceof WasmcpError)) throw failure;
          if (failure.code === 'store-busy') {
            deadline ??= performance.now() + patience - BUSY_TIMEOUT;
            if (performance.now() < deadline) continue;
          }
          if (failure.code === 'store-broken') broken = failure;
          failed(failure);
          throw failure;
        }
      }
    },
  };
}

function isFull(error: unknown): boolean {
  return error instanceof WasmcpError && error.code === 'store-full';
}

function refuse(failure: WasmcpError | undefined): void {
  if (failure !== undefined) throw failure;
}
