import { WasmcpError } from '../../error.ts';
import type { StoreOptions } from '../driver.ts';
import { DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, whenReachable } from '../network/start.ts';
import type { Store, StoreGuarantee } from '../store.ts';
import { redisFailure } from './errors.ts';
import { createLayout, type Layout, SCHEMA } from './layout.ts';
import { createLeases } from './leases.ts';
import { createRunner, type Runner } from './runner.ts';
import { createConnector } from './server-link.ts';
import { createMethods } from './store.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createSingle } from './topology.ts';
import { parseUrl, type Target } from './url.ts';

/**
 * Opens the store under a prefix of the keys of a Redis or Valkey server, and creates it as needed. Waits up to `wait`
 * milliseconds for an engine that is unavailable.
 *
 * @throws WasmcpError `option-invalid`, `store-unavailable`, `store-unusable`, `store-newer-schema`
 */
export async function openRedis(url: string, options: StoreOptions): Promise<Store> {
  const target = parseUrl(url, process.env);
  const { shown, prefix, isPartitioned } = target;
  const { timeout = DEFAULT_TIMEOUT, connections = DEFAULT_CONNECTIONS, passwordFile } = options;
  const { durability = 'strict', acceptWeaker = false } = options;
  const connector = await createConnector({ target, passwordFile, timeout, durability, acceptWeaker });
  let isOpen = false;
  const topology = createSingle({
    ...{ target, connector, connections, timeout },
    // While it opens, the wait for the engine reports.
    changed: (failure) => isOpen && options.away?.(failure),
  });
  const runner = createRunner({ topology, url: shown, timeout });
  const layout = createLayout(prefix, isPartitioned);
  let guarantee: StoreGuarantee;
  try {
    guarantee = await whenReachable(
      options,
      (error) => redisFailure(error, shown),
      async () => {
        await prepareLayout(runner, layout, target, options.create ?? true);
        const [server] = await topology.servers();
        return (await server!.acquire()).guarantee;
      },
    );
  } catch (error) {
    await runner.close();
    throw error;
  }
  isOpen = true;
  const subscriptions = createSubscriptions((ended) => topology.subscribe(ended));
  return {
    url: shown,
    guarantee,
    ...createMethods(runner, layout),
    leases: createLeases({ runner, layout, subscriptions, channel: `${prefix}:lease:` }),
    close() {
      subscriptions.close();
      return runner.close();
    },
  };
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
