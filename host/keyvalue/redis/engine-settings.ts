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
}

/** Reads the settings in one round trip. */
export async function readSettings(link: Link): Promise<EngineSettings> {
  const [info, config] = await Promise.all([
    link.send(['INFO']),
    // Managed servers refuse it.
    link.send(['CONFIG', 'GET', 'appendfsync', 'no-appendfsync-on-rewrite', 'save']).catch(refused),
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
    mode: found.get('redis_mode') ?? found.get('server_mode') ?? 'standalone',
    isLoading: found.get('loading') === '1',
    isReplica: found.get('role') !== 'master',
    replicas: Number(found.get('connected_slaves') ?? 0),
    appendOnly: found.get('aof_enabled') === '1',
    appendFsync: found.get('appendfsync'),
    noFsyncOnRewrite: found.get('no-appendfsync-on-rewrite') === 'yes',
    saves: found.get('save') !== '',
    eviction: found.get('maxmemory_policy') ?? 'noeviction',
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
    `maxmemory-policy ${settings.eviction}`,
    `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`,
  ];
  return { durability: weakness(settings) === undefined ? wanted : 'process', engine: parts.join(', ') };
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

/** Only with `always` the server replies after its sync, unless a rewrite of the file suspends syncs. */
function weakness({ appendOnly, appendFsync, noFsyncOnRewrite }: EngineSettings): string | undefined {
  if (!appendOnly) return 'set appendonly yes and appendfsync always in its configuration';
  if (appendFsync === undefined) return 'allow CONFIG GET, and set appendfsync always in its configuration';
  if (appendFsync !== 'always') return 'set appendfsync always in its configuration';
  return noFsyncOnRewrite ? 'set no-appendfsync-on-rewrite no in its configuration' : undefined;
}
