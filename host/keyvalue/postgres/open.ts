import type { StoreOptions } from '../driver.ts';
import { createCircuit } from '../network/circuit.ts';
import { DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, whenReachable } from '../network/start.ts';
import type { Store, StoreGuarantee } from '../store.ts';
import { createChanges, stopRecording } from './changes.ts';
import { guaranteeOf, readSettings, requireDurable } from './engine-settings.ts';
import { postgresFailure } from './errors.ts';
import { createLeases } from './leases.ts';
import { requireOwnBackend } from './pooler.ts';
import { createRunner, type Runner } from './runner.ts';
import { prepareSchema } from './schema.ts';
import { createPool, type Session, type SessionPool } from './session.ts';
import { statementsFor } from './statements.ts';
import { createMethods } from './store.ts';
import { parseUrl } from './url.ts';

/** Connections for writes of which followers are not notified: a watcher's, one call at a time. */
const UNREPORTED_CONNECTIONS = 2;

/**
 * Opens the store in a schema of a PostgreSQL database, and creates or migrates it as needed. Waits up to `wait` milliseconds for
 * an engine that is unavailable.
 *
 * @throws WasmcpError `option-invalid`, `store-unavailable`, `store-unusable`, `store-newer-schema`
 */
export async function openPostgres(url: string, options: StoreOptions): Promise<Store> {
  const target = parseUrl(url, process.env);
  const { shown, schema } = target;
  const { timeout = DEFAULT_TIMEOUT, durability = 'strict' } = options;
  let guarantee: StoreGuarantee | undefined;

  /** Checked for each connection, because after a failover it may lead to another server. */
  async function prepare(session: Session, isReported: boolean): Promise<void> {
    // Less than the timeout of a call, so that the engine still reports how a late statement ended.
    const settings = await readSettings(session, Math.ceil(timeout * 0.9), isReported);
    guarantee = guaranteeOf(settings, durability, shown);
    if (!options.acceptWeaker) requireDurable(settings, durability, shown);
  }

  const { passwordFile, connections = DEFAULT_CONNECTIONS } = options;
  const poolOf = (connections: number, isReported: boolean): Promise<SessionPool> =>
    createPool({
      ...{ target, passwordFile, connections, timeout },
      prepare: (session) => prepare(session, isReported),
    });
  const pool = await poolOf(connections, true);
  try {
    await whenReachable(
      options,
      (error) => postgresFailure(error, shown),
      async () => {
        // It takes two connections.
        if (connections > 1) await requireOwnBackend(pool, shown);
        await withSession(pool, async (session) => {
          await prepareSchema(session, { url: shown, schema }, options.create ?? true);
          await stopRecording(session, schema);
        });
      },
    );
  } catch (error) {
    await pool.close();
    throw error;
  }
  const circuit = createCircuit({
    attempt: () => withSession(pool, async () => {}),
    changed: (failure) => options.away?.(failure),
  });
  const parts = { circuit, url: shown, timeout };
  const runner = createRunner({ ...parts, pool });
  const ownRunner = createRunner({ ...parts, pool: await poolOf(UNREPORTED_CONNECTIONS, false) });
  const close = async (): Promise<void> => void (await Promise.all([runner.close(), ownRunner.close()]));
  const statements = statementsFor(schema);
  const leases = createLeases({ runner, pool, schema, notifies: target.notifies });
  const shared = { url: shown, guarantee, leases, metrics: runner.metrics, close };
  const unreported = { ...shared, ...createMethods(ownRunner, statements, schema) };
  const wakers = new Set<() => void>();
  return {
    ...shared,
    ...createMethods(wakingRunner(runner, wakers), statements, schema),
    changes: createChanges({ runner, schema, unreported, wakers }),
  };
}

/** Wakes the followers of this store after each write. */
function wakingRunner(runner: Runner, wakers: ReadonlySet<() => void>): Runner {
  return {
    ...runner,
    async write(sql, values) {
      const rows = await runner.write(sql, values);
      for (const wake of wakers) wake();
      return rows;
    },
  };
}

async function withSession(pool: SessionPool, work: (session: Session) => Promise<void>): Promise<void> {
  const session = await pool.acquire();
  let broken = true;
  try {
    await work(session);
    broken = false;
  } finally {
    session.release(broken);
  }
}
