import { WasmcpError } from '../../error.ts';
import type { Durability } from '../durability.ts';
import { notDurable } from '../network/outcomes.ts';
import type { StoreGuarantee } from '../store.ts';
import type { Session } from './session.ts';

/** The engine's settings as a new connection finds them. */
export interface EngineSettings {
  readonly version: string;
  readonly isReplica: boolean;
  readonly isReadOnly: boolean;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
}

/**
 * Reads the settings, and in the same round trip sets what the statements rely on for this connection: the format of bytes, the
 * isolation level, whether followers are notified of its writes, and a statement timeout, so that the engine undoes a late
 * statement before its outcome becomes unknown.
 */
export async function readSettings(
  session: Session,
  statementTimeout: number,
  isReported: boolean,
): Promise<EngineSettings> {
  const [row] = await session.query(
    `SELECT current_setting('server_version'), pg_is_in_recovery(), current_setting('transaction_read_only'),
       current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       set_config('bytea_output', 'hex', false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('statement_timeout', $1, false),
       set_config('wasmcp.unreported', $2, false)`,
    [String(statementTimeout), isReported ? 'off' : 'on'],
  );
  const [version, recovery, readOnly, fsync, fullPageWrites, synchronousCommit] = row!;
  return {
    version: String(version),
    isReplica: recovery === 't',
    isReadOnly: readOnly === 'on',
    fsync: String(fsync),
    fullPageWrites: String(fullPageWrites),
    synchronousCommit: String(synchronousCommit),
  };
}

/** The durability that the engine guarantees at most. @throws WasmcpError `store-unavailable` for a replica */
export function guaranteeOf(settings: EngineSettings, wanted: Durability, url: string): StoreGuarantee {
  const { version, isReplica, isReadOnly, fsync, fullPageWrites, synchronousCommit } = settings;
  if (isReplica || isReadOnly) {
    throw new WasmcpError(
      'store-unavailable',
      `${url} is ${isReplica ? 'a replica' : 'read-only'}: connect to the primary server`,
    );
  }
  const engine = `PostgreSQL ${version}, primary, fsync ${fsync}, full_page_writes ${fullPageWrites}, synchronous_commit ${synchronousCommit}`;
  return { durability: weakness(settings) === undefined ? wanted : 'process', engine };
}

/**
 * Refuses an engine that can lose what it has acknowledged.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireDurable(settings: EngineSettings, wanted: Durability, url: string): void {
  const remedy = weakness(settings);
  if (wanted === 'process' || remedy === undefined) return;
  throw notDurable(url, remedy);
}

function weakness({ fsync, fullPageWrites, synchronousCommit }: EngineSettings): string | undefined {
  if (fsync !== 'on') return 'set fsync = on in postgresql.conf';
  if (fullPageWrites !== 'on') return 'set full_page_writes = on in postgresql.conf';
  // Every other value waits at least for the primary's own disk.
  if (synchronousCommit === 'off')
    return 'ALTER ROLE … SET synchronous_commit = on, or set it in postgresql.conf';
  return undefined;
}
