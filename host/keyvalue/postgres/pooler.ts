import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import type { Session, SessionPool } from './session.ts';

/**
 * How often the backends of two connections are compared, behind a pooler only. Another client of the pooler can hide that they are
 * shared, but not each time, also while several hosts connect at once.
 */
const ATTEMPTS = 16;

/** Milliseconds at most between two attempts: at random, so that hosts which compare at the same time do not do so in step. */
const PAUSE = 20;

/**
 * Refuses a pooler that gives the transactions of one connection to different backends: settings of a connection would be lost or
 * become another client's, and notifications would not arrive. It is recognized by another client's transaction, which gets the
 * backend that this connection has just used.
 *
 * @throws WasmcpError `store-unusable`
 */
export async function requireOwnBackend(pool: SessionPool, url: string): Promise<void> {
  const session = await pool.acquire();
  try {
    const backend = await backendOf(session);
    // PostgreSQL itself has named the same process when the connection began.
    if (session.backend === undefined || backend === session.backend) return;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!(await isShared(backend, pool, session))) {
        await delay(Math.random() * PAUSE);
        continue;
      }
      throw new WasmcpError(
        'store-unusable',
        `${url} is behind a pooler that shares a connection between transactions: connect to PostgreSQL itself, or let the pooler keep sessions (pool_mode = session in PgBouncer)`,
      );
    }
  } finally {
    session.release(false);
  }
}

/** Whether another connection gets the session's backend for a transaction, or the session gets another one meanwhile. */
async function isShared(backend: string, pool: SessionPool, session: Session): Promise<boolean> {
  const other = await pool.acquire();
  let broken = true;
  try {
    await other.query('BEGIN');
    const isTaken = (await backendOf(other)) === backend;
    const hasChanged = (await backendOf(session)) !== backend;
    await other.query('COMMIT');
    broken = false;
    return isTaken || hasChanged;
  } finally {
    other.release(broken);
  }
}

async function backendOf(session: Session): Promise<string> {
  const [row] = await session.query('SELECT pg_backend_pid()');
  return String(row![0]);
}
