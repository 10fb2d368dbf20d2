import { WasmcpError } from '../../error.ts';
import type { Session, SessionPool } from './session.ts';

/**
 * How often the backend of a connection is compared, behind a pooler only. Another client of the pooler can hide a change, but not
 * each time, also while several hosts connect at once.
 */
const ATTEMPTS = 16;

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
      if ((await backendDuringAnother(pool, session)) === backend) continue;
      throw new WasmcpError(
        'store-unusable',
        `${url} is behind a pooler that shares a connection between transactions: connect to PostgreSQL itself, or let the pooler keep sessions (pool_mode = session in PgBouncer)`,
      );
    }
  } finally {
    session.release(false);
  }
}

/** The backend that the session has while another one is within a transaction. */
async function backendDuringAnother(pool: SessionPool, session: Session): Promise<string> {
  const other = await pool.acquire();
  let broken = true;
  try {
    await other.query('BEGIN');
    await backendOf(other);
    const backend = await backendOf(session);
    await other.query('COMMIT');
    broken = false;
    return backend;
  } finally {
    other.release(broken);
  }
}

async function backendOf(session: Session): Promise<string> {
  const [row] = await session.query('SELECT pg_backend_pid()');
  return String(row![0]);
}
