import { WasmcpError } from '../../error.ts';
import type { StoreAccess } from '../driver.ts';
import { type EngineMaintenance, MAINTENANCE_TIME } from '../network/maintenance.ts';
import { DEFAULT_TIMEOUT } from '../network/start.ts';
import type { StoreInfo } from '../store-maintenance.ts';
import { guaranteeOf, readSettings } from './engine-settings.ts';
import { postgresFailure, sqlState } from './errors.ts';
import { STRIPES, textOf } from './keys.ts';
import { MIGRATIONS, quoted, schemaVersion } from './schema.ts';
import { createPool, type Session } from './session.ts';
import { parseUrl } from './url.ts';

/** The state of a statement that took longer than allowed. */
const CANCELLED = '57014';

export function maintainPostgres(url: string, access: StoreAccess): EngineMaintenance {
  const { shown, schema } = parseUrl(url, process.env);

  /** Runs `work` on a store that must exist, without changing it. */
  async function reading<T>(work: (session: Session, version: number) => Promise<T>): Promise<T> {
    const { passwordFile, timeout = DEFAULT_TIMEOUT } = access;
    const target = parseUrl(url, process.env);
    const prepare = async (): Promise<void> => {};
    const pool = await createPool({
      ...{ target, passwordFile, connections: 1, prepare },
      timeout: Math.max(timeout, MAINTENANCE_TIME),
    });
    try {
      const session = await pool.acquire();
      try {
        return await work(session, await schemaVersion(session, { url: shown, schema }, false));
      } finally {
        session.release(true);
      }
    } catch (error) {
      throw postgresFailure(error, shown);
    } finally {
      await pool.close();
    }
  }

  return {
    info: () => reading((session, version) => describe(session, { shown, schema, version })),
    check: () =>
      reading(async (session) => {
        await readSettings(session, MAINTENANCE_TIME, true);
        return problemsOf(session, quoted(schema));
      }),
  };
}

async function describe(
  session: Session,
  { shown, schema, version }: { shown: string; schema: string; version: number },
): Promise<StoreInfo> {
  const kv = `${quoted(schema)}.kv`;
  const settings = await readSettings(session, MAINTENANCE_TIME, true);
  const { durability, engine } = guaranteeOf(settings, 'power', shown);
  const [sizes] = await session.query(
    `SELECT sum(pg_total_relation_size(pg_class.oid))
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1 AND relkind = 'r'`,
    [schema],
  );
  const rows = await unlessLate(() =>
    session.query(
      `SELECT bucket, count(*), sum(octet_length(value)) FROM ${kv} GROUP BY bucket ORDER BY bucket`,
    ),
  );
  const shared = {
    schema: version,
    newestSchema: MIGRATIONS.length,
    engine: { url: shown, durability, found: engine!, size: Number(sizes![0]) },
  };
  if (rows !== undefined) {
    const buckets = rows.map(([name, keys, bytes]) => ({
      ...{ name: textOf(name!), keys: Number(keys), valueSize: Number(bytes) },
    }));
    return { ...shared, buckets };
  }
  const [estimate] = await session.query(
    `SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = '${kv}'::regclass`,
  );
  return { ...shared, buckets: [], estimatedKeys: Number(estimate![0]) };
}

/** Each query returns the number of rows that are wrong. */
async function problemsOf(session: Session, name: string): Promise<string[]> {
  const problems: string[] = [];
  const checks: readonly (readonly [what: string, sql: string])[] = [
    [
      'keys have an id that the next new key could get, too: the sequence of ids has been set back',
      `SELECT count(*) FROM ${name}.kv WHERE id > (SELECT last_value FROM ${name}.kv_id_seq)`,
    ],
    [
      'keys have a version that is to come: the sequence of versions has been set back',
      `SELECT count(*) FROM ${name}.kv WHERE version > (SELECT last_value FROM ${name}.version)`,
    ],
    [
      'versions of absent keys are to come: the sequence of versions has been set back',
      `SELECT count(*) FROM ${name}.deletion WHERE version > (SELECT last_value FROM ${name}.version)`,
    ],
    [
      'rows are missing that have the versions of absent keys',
      `SELECT ${STRIPES} - count(*) FROM ${name}.deletion WHERE stripe BETWEEN 0 AND ${STRIPES - 1}`,
    ],
    [
      'long keys do not match their digest',
      `SELECT count(*) FROM ${name}.kv WHERE digest <> (CASE WHEN tail = '' THEN '' ELSE sha256(tail) END)`,
    ],
    [
      'indexes are invalid: REINDEX them',
      `SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid = '${name}.kv'::regclass`,
    ],
  ];
  for (const [what, sql] of checks) {
    const rows = await unlessLate(() => session.query(sql));
    if (rows === undefined) throw tooLarge();
    if (Number(rows[0]![0]) > 0) problems.push(`${rows[0]![0]} ${what}`);
  }
  return problems;
}

function tooLarge(): WasmcpError {
  return new WasmcpError(
    'store-busy',
    `the store could not be read within ${MAINTENANCE_TIME / 1000} s: use pg_amcheck, which has no limit`,
  );
}

/** Undefined if the engine has cancelled it. */
async function unlessLate<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (sqlState(error) === CANCELLED) return undefined;
    throw error;
  }
}
