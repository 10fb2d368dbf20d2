import { WasmcpError } from '../../error.ts';
import { createCalls } from '../network/calls.ts';
import type { Circuit } from '../network/circuit.ts';
import type { StoreMetrics } from '../network/metrics.ts';
import { Aborted, Lost, within } from '../network/outcomes.ts';
import { isAborted, isConnectionLost, postgresFailure, sqlState } from './errors.ts';
import type { PooledSession, Row, SessionPool } from './session.ts';

/** Runs the statements of a store, each within the store's timeout. */
export interface Runner {
  /** Runs a statement that only reads, and repeats it if the connection is lost. */
  read(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs a statement that writes; fails with `store-outcome-unknown` if the connection is lost after it was sent. */
  write(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Waits for calls in progress; every later call fails with `store-closed`. */
  close(): Promise<void>;
  metrics(): StoreMetrics;
}

const TOO_MANY_CONNECTIONS = '53300';

export interface RunnerParts {
  readonly pool: SessionPool;
  readonly circuit: Circuit;
  readonly url: string;
  /** Timeout of a call in milliseconds. */
  readonly timeout: number;
}

export function createRunner({ pool, circuit, url, timeout }: RunnerParts): Runner {
  const calls = createCalls(url, timeout);
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

  async function attempt(sql: string, values: readonly unknown[], deadline: number): Promise<readonly Row[]> {
    const session = await acquire();
    let broken = true;
    try {
      const rows = await within(session.query(sql, values), deadline - performance.now());
      broken = false;
      return rows;
    } catch (error) {
      if (error instanceof Lost) throw error;
      const message = error instanceof Error ? error.message : '';
      if (isConnectionLost(error)) throw new Lost(message, { cause: error });
      const failure = postgresFailure(error, url);
      // If a connection has become read-only, its server is no longer the primary.
      broken = failure instanceof WasmcpError && failure.code === 'store-unavailable';
      throw isAborted(error) ? new Aborted(message, { cause: error }) : failure;
    } finally {
      session.release(broken);
    }
  }

  return {
    read: (sql, values) => calls.read((deadline) => attempt(sql, values, deadline)),
    write: (sql, values) => calls.write((deadline) => attempt(sql, values, deadline)),
    close() {
      calls.close();
      circuit.close();
      closing ??= pool.close();
      return closing;
    },
    metrics: () => ({ connections: pool.metrics(), calls: calls.metrics() }),
  };
}

/** If all connections of the pool are in use, it fails with a message of its own. */
function acquisitionFailure(error: unknown, url: string): unknown {
  if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
    const message = `all connections to ${url} are in use: try again, or allow more (--store-connections)`;
    return new WasmcpError('store-busy', message, { cause: error });
  }
  return postgresFailure(error, url);
}
