import { WasmcpError } from '../../error.ts';
import type { Durability } from '../durability.ts';
import { notDurable } from '../network/outcomes.ts';
import type { StoreGuarantee } from '../store.ts';
import { type Link, Reported } from './link.ts';

/** The server's settings as a new connection finds them. */
export interface EngineSettings {
  /** Such as `Redis 7.0.15`. */
  readonly version: string;
  readonly major: number;
  /** Another one after each start. */
  readonly runId: string;
  readonly mode: string;
  /** It is still reading its files, during which it reports some settings wrongly. */
  readonly isLoading: boolean;
  readonly isReplica: boolean;
  readonly replicas: number;
  readonly appendOnly: boolean;
  /** Undefined if the server does not tell. */
  readonly appendFsync: string | undefined;
  readonly noFsyncOnRewrite: boolean;
  readonly saves: boolean;
  readonly eviction: string;
  /** Whether `WAITAOF` works (Redis 7.2 or later). */
  readonly canWait: boolean;
}

/** Reads the settings in one round trip. */
export async function readSettings(link: Link): Promise<EngineSettings> {
  const [info, config, wait] = await Promise.all([
    link.send(['INFO']),
    // Managed servers refuse it.
    link.send(['CONFIG', 'GET', 'appendfsync', 'no-appendfsync-on-rewrite', 'save']).catch(refused),
    link.send(['WAITAOF', '0', '0', '1']).catch(refused),
  ]);
  const found = new Map<string, string>();
  for (const line of String(info).split('\r\n')) {
    const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
    if (name !== undefined) found.set(name, value!);
  }
  const words = Array.isArray(config) ? config.map(String) : [];
  for (let at = 0; at + 1 < words.length; at += 2) found.set(words[at]!, words[at + 1]!);
  const valkey = found.get('valkey_version');
  const version = valkey ?? found.get('redis_version') ?? '0';
  return {
    version: `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`,
    major: Number.parseInt(version, 10),
    runId: found.get('run_id') ?? '',
    mode: found.get('redis_mode') ?? found.get('server_mode') ?? 'standalone',
    isLoading: found.get('loading') === '1',
    isReplica: found.get('role') !== 'master',
    replicas: Number(found.get('connected_slaves') ?? 0),
    appendOnly: found.get('aof_enabled') === '1',
    appendFsync: found.get('appendfsync'),
    noFsyncOnRewrite: found.get('no-appendfsync-on-rewrite') === 'yes',
    saves: found.get('save') !== '',
    eviction: found.get('maxmemory_policy') ?? 'noeviction',
    canWait: wait !== undefined,
  };
}

function refused(error: unknown): undefined {
  if (!(error instanceof Reported)) throw error;
}

/** @throws WasmcpError `store-unavailable` for a replica, `store-unusable` for a server that no setting makes usable */
export function requireUsable(settings: EngineSettings, url: string): void {
  const { isReplica, isLoading, major, version, eviction, mode } = settings;
  if (isLoading) throw new WasmcpError('store-unavailable', `${url} is starting`);
  if (mode === 'sentinel') {
    throw new WasmcpError('store-unusable', `${url} is a sentinel: add ?sentinel=NAME of the primary server`);
  }
  if (major < 7) {
    throw new WasmcpError(
      'store-unusable',
      `${url} is ${version}: stores need Redis 7.0 or later, or Valkey`,
    );
  }
  if (isReplica) {
    throw new WasmcpError('store-unavailable', `${url} is a replica: connect to the primary server`);
  }
  if (eviction === 'noeviction') return;
  throw new WasmcpError(
    'store-unusable',
    `${url} deletes keys when its memory is full (maxmemory-policy ${eviction}): set maxmemory-policy noeviction`,
  );
}

/** The durability that the server guarantees, at most `wanted`. */
export function guaranteeOf(settings: EngineSettings, wanted: Durability): StoreGuarantee {
  const { version, replicas, appendOnly, appendFsync, saves, noFsyncOnRewrite } = settings;
  const persistence = appendOnly
    ? `appendonly yes, appendfsync ${appendFsync ?? 'unknown'}${noFsyncOnRewrite ? ', no-appendfsync-on-rewrite yes' : ''}`
    : `appendonly no, ${saves ? 'snapshots only' : 'no snapshots: a restart loses everything'}`;
  const parts = [
    version,
    settings.mode === 'cluster' ? 'cluster' : 'primary',
    persistence,
    ...(needsWait(settings, wanted) ? ['WAITAOF after each write'] : []),
    `maxmemory-policy ${settings.eviction}`,
    `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`,
  ];
  return { durability: weakness(settings) === undefined ? wanted : 'process', engine: parts.join(', ') };
}

/** Whether acknowledged writes are on disk only after `WAITAOF`. */
export function needsWait(settings: EngineSettings, wanted: Durability): boolean {
  return wanted !== 'process' && !syncsAlways(settings) && weakness(settings) === undefined;
}

/**
 * Refuses a server that can lose what it has acknowledged.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireDurable(settings: EngineSettings, wanted: Durability, url: string): void {
  const remedy = weakness(settings);
  if (wanted === 'process' || remedy === undefined) return;
  throw notDurable(url, remedy);
}

/** Whether replies leave the server after its sync, unless a rewrite of the file suspends syncs. */
function syncsAlways({ appendOnly, appendFsync, noFsyncOnRewrite }: EngineSettings): boolean {
  return appendOnly && appendFsync === 'always' && !noFsyncOnRewrite;
}

function weakness(settings: EngineSettings): string | undefined {
  if (!settings.appendOnly) return 'set appendonly yes and appendfsync always in its configuration';
  // With `no` it leaves that to the system, and `WAITAOF` never returns.
  if (syncsAlways(settings) || (settings.canWait && settings.appendFsync !== 'no')) return undefined;
  if (settings.appendFsync === 'always') return 'set no-appendfsync-on-rewrite no in its configuration';
  return 'set appendfsync always in its configuration, or use Redis 7.2 or later, or Valkey';
}
