import type { StoreOptions } from '../driver.ts';
import { createCircuit } from '../network/circuit.ts';
import { DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, whenReachable } from '../network/start.ts';
import type { Store, StoreGuarantee } from '../store.ts';
import { guaranteeOf, readSettings, requireDurable } from './engine-settings.ts';
import { postgresFailure } from './errors.ts';
import { createLeases } from './leases.ts';
import { requireOwnBackend } from './pooler.ts';
import { createRunner } from './runner.ts';
import { prepareSchema } from './schema.ts';
import { createPool, type Session, type SessionPool } from './session.ts';
import { statementsFor } from './statements.ts';
import { createMethods } from './store.ts';
import { parseUrl } from './url.ts';

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
  async function prepare(session: Session): Promise<void> {
    // Less than the timeout of a call, so that the engine still reports how a late statement ended.
    const settings = await readSettings(session, Math.ceil(timeout * 0.9));
    guarantee = guaranteeOf(settings, durability, shown);
    if (!options.acceptWeaker) requireDurable(settings, durability, shown);
  }

  const { passwordFile, connections = DEFAULT_CONNECTIONS } = options;
  const pool = await createPool({ target, passwordFile, connections, timeout, prepare });
  try {
    await whenReachable(
      options,
      (error) => postgresFailure(error, shown),
      async () => {
        // It takes two connections.
        if (connections > 1) await requireOwnBackend(pool, shown);
        await withSession(pool, (session) =>
          prepareSchema(session, { url: shown, schema }, options.create ?? true),
        );
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
  const runner = createRunner({ pool, circuit, url: shown, timeout });
  return {
    url: shown,
    guarantee,
    leases: createLeases({ runner, pool, schema, notifies: target.notifies }),
    ...createMethods(runner, statementsFor(schema), schema),
    metrics: runner.metrics,
    close: runner.close,
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
