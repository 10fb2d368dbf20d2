import { WasmcpError } from '../../error.ts';
import type { StoreOptions } from '../driver.ts';
import { DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, whenReachable } from '../network/start.ts';
import type { Store, StoreGuarantee } from '../store.ts';
import { createChanges } from './changes.ts';
import { discover } from './discover.ts';
import { redisFailure } from './errors.ts';
import { createLayout, type Layout, SCHEMA } from './layout.ts';
import { createLeases } from './leases.ts';
import { createLists } from './lists.ts';
import { createIdClock } from './partitions.ts';
import { createReads } from './reads.ts';
import { createRunner, type Runner } from './runner.ts';
import { createSearches } from './searches.ts';
import { createConnector } from './server-link.ts';
import { createSubscriptions } from './subscriptions.ts';
import type { Topology } from './topology.ts';
import { parseUrl, type Target } from './url.ts';
import { createWrites } from './writes.ts';

/** The connections to an engine with a store. */
export interface ConnectedRedis {
  readonly target: Target;
  readonly layout: Layout;
  readonly topology: Topology;
  /** Closing it closes the connections. */
  readonly runner: Runner;
  readonly guarantee: StoreGuarantee;
}

/**
 * Connects to the store under a prefix of the keys of a Redis or Valkey server, and creates it as needed. Waits up to `wait`
 * milliseconds for an engine that is unavailable.
 *
 * @throws WasmcpError `option-invalid`, `store-unavailable`, `store-unusable`, `store-newer-schema`
 */
export async function connectRedis(url: string, options: StoreOptions): Promise<ConnectedRedis> {
  const target = parseUrl(url, process.env);
  const { shown, prefix, isPartitioned } = target;
  const { timeout = DEFAULT_TIMEOUT, connections = DEFAULT_CONNECTIONS, passwordFile } = options;
  const { durability = 'strict', acceptWeaker = false } = options;
  const connector = await createConnector({ target, passwordFile, timeout, durability, acceptWeaker });
  const layout = createLayout(prefix, isPartitioned);
  let isOpen = false;
  // During the opening, the wait for the engine reports failures.
  const changed = (failure: WasmcpError | undefined): unknown => isOpen && options.away?.(failure);
  const connected = await whenReachable(
    options,
    (error) => redisFailure(error, shown),
    async () => {
      const topology = await discover({ target, connector, connections, timeout, changed });
      const runner = createRunner({ topology, url: shown, timeout });
      try {
        await prepareLayout(runner, layout, target, options.create ?? true);
        return { target, layout, topology, runner, guarantee: await guaranteeOfAll(topology) };
      } catch (error) {
        await runner.close();
        throw error;
      }
    },
  );
  isOpen = true;
  return connected;
}

/** Opens the store. @throws as `connectRedis` */
export async function openRedis(url: string, options: StoreOptions): Promise<Store> {
  const { target, layout, topology, runner, guarantee } = await connectRedis(url, options);
  const { shown, prefix } = target;
  const clock = createIdClock(layout.partitions);
  const channel = `${prefix}:changes`;
  const parts = { runner, layout, url: shown, isCluster: topology.isCluster, clock, channel };
  const subscriptions = createSubscriptions((ended) => topology.subscribe(ended));
  const unreported: Store = {
    url: shown,
    guarantee,
    metrics: runner.metrics,
    ...createReads(parts),
    ...createLists(parts),
    ...createSearches(parts),
    ...createWrites(parts, false),
    leases: createLeases({ runner, layout, subscriptions, channel: `${prefix}:lease:` }),
    close() {
      subscriptions.close();
      return runner.close();
    },
  };
  return {
    ...unreported,
    ...createWrites(parts, true),
    changes: createChanges({ ...parts, subscriptions, unreported }),
  };
}

/** What the weakest server guarantees; each is connected to. */
async function guaranteeOfAll(topology: Topology): Promise<StoreGuarantee> {
  const servers = await topology.servers();
  const links = await Promise.all(servers.map((server) => server.acquire()));
  const weak = links.find(({ guarantee }) => guarantee.durability === 'process');
  return (weak ?? links[0]!).guarantee;
}

/** @throws WasmcpError `store-unusable`, `store-newer-schema` */
async function prepareLayout(
  runner: Runner,
  { schemaPlace, schema }: Layout,
  { shown, prefix }: Target,
  create: boolean,
): Promise<void> {
  const [key] = schemaPlace.keys;
  if (create) await runner.step(schemaPlace, { words: ['SET', key, schema, 'NX'] });
  const found = await runner.read(schemaPlace, { words: ['GET', key] });
  if (found === null) throw new WasmcpError('store-unusable', `${shown} has no store with this prefix`);
  const text = String(found);
  if (text === schema) return;
  const version = /^(\d+)(?: partition=prefix)?$/.exec(text)?.[1];
  if (version === undefined) {
    throw new WasmcpError(
      'store-unusable',
      `the keys with the prefix ${prefix} in ${shown} belong to another program: choose another one with ?prefix=NAME`,
    );
  }
  if (Number(version) > SCHEMA) {
    throw new WasmcpError(
      'store-newer-schema',
      `${shown} was written by a newer version (layout ${version}, this one knows ${SCHEMA}): upgrade, or choose another prefix`,
    );
  }
  throw new WasmcpError(
    'store-unusable',
    `${shown} was created ${text.includes('partition') ? 'with' : 'without'} ?partition=prefix, which cannot be changed`,
  );
}
