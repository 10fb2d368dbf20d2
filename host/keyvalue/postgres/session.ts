import type { ConnectionOptions } from 'node:tls';
import type { Client, Pool, PoolClient } from 'pg';
import { readTlsFiles } from '../network/files.ts';
import type { ConnectionMetrics } from '../network/metrics.ts';
import { passwordFor } from './password.ts';
import type { Target } from './url.ts';

/** The columns of one row as text; null is SQL's. */
export type Row = readonly (string | null)[];

/** One connection. Statements run one after another. */
export interface Session {
  /** The process of the engine that the connection got when it began; undefined if the engine named none. */
  readonly backend: string | undefined;
  query(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** A connection taken from the pool. */
export interface PooledSession extends Session {
  /** Returns the connection to the pool; a `broken` one is closed at once, even if a statement is running. */
  release(broken: boolean): void;
}

export interface SessionPool {
  /** Waits for a free connection, or opens one. */
  acquire(): Promise<PooledSession>;
  /**
   * Opens a connection of its own that calls `heard` for each notification on `channel`, and `ended` once if the connection is
   * lost. The returned function closes it. Does not keep the process alive.
   */
  listen(channel: string, heard: (payload: string) => void, ended: () => void): Promise<() => void>;
  /** Settles when all connections are closed. */
  close(): Promise<void>;
  metrics(): ConnectionMetrics;
}

export interface PoolOptions {
  readonly target: Target;
  readonly passwordFile: string | undefined;
  readonly connections: number;
  /** Milliseconds to wait for a connection. */
  readonly timeout: number;
  /** Called with each new connection before it is used; it is closed if this fails. */
  readonly prepare: (session: Session) => Promise<void>;
}

/** Milliseconds after which an idle connection is closed. */
const IDLE = 60_000;

/** Milliseconds beyond the timeout of a call. */
const GRACE = 500;

/** Opens no connection yet. Loads the client library now, because other stores do not need it. */
export async function createPool(options: PoolOptions): Promise<SessionPool> {
  const { target, connections, timeout, prepare } = options;
  const { default: pg } = await import('pg');
  const ssl = await tlsOptions(target);
  const address = {
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    password: () => passwordFor(target, options.passwordFile),
    ssl,
    application_name: 'wasmcp-node',
    keepAlive: true,
    connectionTimeoutMillis: timeout,
  };
  const pool: Pool = new pg.Pool({
    ...address,
    max: connections,
    // Statements end earlier; this limit is for the queries that prepare a connection.
    query_timeout: timeout + GRACE,
    idleTimeoutMillis: IDLE,
    allowExitOnIdle: true,
    types: { getTypeParser: () => (text: string) => text },
    verify: (client, done) => void prepare(sessionOver(client)).then(() => done(), done),
  });
  let opened = 0;
  pool.on('connect', (client) => {
    opened += 1;
    // The running statement reports it. The pool itself does not listen while `verify` runs.
    client.on('error', () => {});
  });
  // The pool has removed the idle connection that ended; the next call opens another one.
  pool.on('error', () => {});
  return {
    async acquire() {
      const client = await pool.connect();
      return { ...sessionOver(client), release: (broken) => client.release(broken) };
    },
    async listen(channel, heard, ended) {
      // Its types lack the method.
      const client: Client & { unref?(): void } = new pg.Client(address);
      const over = once(ended);
      client.on('error', over);
      client.on('end', over);
      client.on('notification', ({ payload }) => heard(payload ?? ''));
      try {
        await client.connect();
        // Names of channels have no quotes in them.
        await client.query(`LISTEN "${channel}"`);
      } catch (error) {
        void client.end().catch(() => {});
        throw error;
      }
      client.unref?.();
      return () => void client.end().catch(() => {});
    },
    close: () => pool.end(),
    metrics() {
      const { totalCount, idleCount, waitingCount } = pool;
      return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, opened };
    },
  };
}

/** The same function, for which later calls have no effect. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

function sessionOver(client: PoolClient & { readonly processID?: number | null }): Session {
  return {
    backend: client.processID?.toString(),
    async query(text, values) {
      const parameters = values === undefined ? {} : { values: [...values] };
      const result = await client.query<(string | null)[]>({ text, ...parameters, rowMode: 'array' });
      return result.rows;
    },
  };
}

/** @throws WasmcpError `store-unusable` */
async function tlsOptions({ tls, tlsFiles }: Target): Promise<ConnectionOptions | false> {
  if (tls === 'disable') return false;
  const files = await readTlsFiles(tlsFiles);
  if (tls === 'verify-full') return files;
  if (tls === 'verify-ca') return { ...files, checkServerIdentity: () => undefined };
  return { ...files, rejectUnauthorized: false };
}
