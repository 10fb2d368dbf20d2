import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import type { StoreOptions } from '../driver.ts';
import type { Store, StoreGuarantee } from '../store.ts';
import { createCircuit } from './circuit.ts';
import { guaranteeOf, readSettings, requireDurable } from './engine-settings.ts';
import { postgresFailure } from './errors.ts';
import { createRunner } from './runner.ts';
import { prepareSchema } from './schema.ts';
import { createPool, type Session, type SessionPool } from './session.ts';
import { statementsFor } from './statements.ts';
import { createMethods } from './store.ts';
import { parseUrl } from './url.ts';

const DEFAULT_TIMEOUT = 5000;
const DEFAULT_CONNECTIONS = 8;

/** Milliseconds between two attempts to reach an engine at the start. */
const START_PAUSE = 250;

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
    await whenReachable(shown, options, () =>
      withSession(pool, (session) => prepareSchema(session, { url: shown, schema }, options.create ?? true)),
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
    ...createMethods(runner, statementsFor(schema)),
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

/** Repeats `work` while the engine is unavailable, for up to `wait` milliseconds. */
async function whenReachable(
  url: string,
  { wait = 0, away }: StoreOptions,
  work: () => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + wait;
  let isReported = false;
  for (;;) {
    try {
      await work();
      if (isReported) away?.(undefined);
      return;
    } catch (error) {
      const failure = postgresFailure(error, url);
      if (!(failure instanceof WasmcpError) || failure.code !== 'store-unavailable') throw failure;
      if (performance.now() >= deadline) throw waited(failure, wait);
      if (!isReported) away?.(failure);
      isReported = true;
      await delay(START_PAUSE);
    }
  }
}

function waited(failure: WasmcpError, wait: number): WasmcpError {
  const message = `${failure.message}; waited ${wait / 1000} s for it (--store-wait)`;
  return wait === 0 ? failure : new WasmcpError(failure.code, message, { cause: failure.cause });
}
