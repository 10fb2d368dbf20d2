import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import type { Circuit } from './circuit.ts';
import { isAborted, isConnectionLost, postgresFailure, sqlState, unavailable } from './errors.ts';
import type { PooledSession, Row, SessionPool } from './session.ts';

/** Runs the statements of a store, each within the store's timeout. */
export interface Runner {
  /** Runs a statement that only reads, and repeats it if the connection is lost. */
  read(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs a statement that writes; fails with `store-outcome-unknown` if the connection is lost after it was sent. */
  write(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Waits for calls in progress; every later call fails with `store-closed`. */
  close(): Promise<void>;
}

const TOO_MANY_CONNECTIONS = '53300';

/** How often a statement is repeated that the engine has rolled back because of another one. */
const REPEATS = 20;

/** Maximum pause in milliseconds before such a repetition. */
const PAUSE = 50;

/** How often a read is repeated on another connection; an idle pool can contain several dead ones. */
const RECONNECTS = 3;

/** A statement that the engine may not have received, or to which it has not replied. */
class Lost extends Error {}

export interface RunnerParts {
  readonly pool: SessionPool;
  readonly circuit: Circuit;
  readonly url: string;
  /** Timeout of a call in milliseconds. */
  readonly timeout: number;
}

export function createRunner({ pool, circuit, url, timeout }: RunnerParts): Runner {
  let closing: Promise<void> | undefined;

  async function acquire(): Promise<PooledSession> {
    circuit.check();
    try {
      const session = await pool.acquire();
      circuit.succeeded();
      return session;
    } catch (error) {
      const failure = acquisitionFailure(error, url);
      // A server that refuses another connection still serves the existing ones.
      const isAway = failure instanceof WasmcpError && failure.code !== 'store-busy';
      if (isAway && sqlState(error) !== TOO_MANY_CONNECTIONS) circuit.failed(failure);
      throw failure;
    }
  }

  /** One attempt. @throws Lost when the outcome is unknown */
  async function once(sql: string, values: readonly unknown[], deadline: number): Promise<readonly Row[]> {
    const session = await acquire();
    let broken = true;
    try {
      const rows = await within(session.query(sql, values), deadline - performance.now());
      broken = false;
      return rows;
    } catch (error) {
      if (error instanceof Lost) throw error;
      if (isConnectionLost(error))
        throw new Lost(error instanceof Error ? error.message : '', { cause: error });
      const failure = postgresFailure(error, url);
      // If a connection has become read-only, its server is no longer the primary.
      broken = failure instanceof WasmcpError && failure.code === 'store-unavailable';
      throw isAborted(error) ? error : failure;
    } finally {
      session.release(broken);
    }
  }

  async function run(sql: string, values: readonly unknown[], isRead: boolean): Promise<readonly Row[]> {
    if (closing !== undefined) throw new WasmcpError('store-closed', `${url} is closed`);
    const deadline = performance.now() + timeout;
    for (let repeats = 0, losses = 0; ; ) {
      try {
        return await once(sql, values, deadline);
      } catch (error) {
        const isOver = performance.now() >= deadline;
        if (error instanceof Lost) {
          if (!isRead) throw unknownOutcome(url, error);
          losses += 1;
          if (losses > RECONNECTS || isOver) throw unavailable(url, error.message, error);
        } else if (isAborted(error)) {
          repeats += 1;
          if (repeats > REPEATS || isOver) throw contended(url, error);
          await delay(Math.random() * PAUSE);
        } else throw error;
      }
    }
  }

  return {
    read: (sql, values) => run(sql, values, true),
    write: (sql, values) => run(sql, values, false),
    close() {
      circuit.close();
      closing ??= pool.close();
      return closing;
    },
  };
}

/** Settles as `work` does; rejects with `Lost` after `milliseconds`. */
async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Lost('it did not respond in time (--store-timeout)')),
    Math.max(0, milliseconds),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** If all connections of the pool are in use, it fails with a message of its own. */
function acquisitionFailure(error: unknown, url: string): unknown {
  if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
    const message = `all connections to ${url} are in use: try again, or allow more (--store-connections)`;
    return new WasmcpError('store-busy', message, { cause: error });
  }
  return postgresFailure(error, url);
}

function unknownOutcome(url: string, cause: Error): WasmcpError {
  return new WasmcpError(
    'store-outcome-unknown',
    `${url} was lost during a write, which may have taken effect or not: ${cause.message}`,
    { cause },
  );
}

function contended(url: string, cause: unknown): WasmcpError {
  return new WasmcpError('store-busy', `${url} is being written by others: try again`, { cause });
}
