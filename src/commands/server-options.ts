import { availableParallelism } from 'node:os';
import type { ProtectedPath, StoreAccess } from '../../host/index.ts';
import type { ServerOptions } from '../index.ts';
import type { OptionName, OptionValues } from '../options/types.ts';
import { isUnix } from '../server/listen-address.ts';
import { guestEnvironment } from './guest-environment.ts';

/** Maximum number of instances of a worker: a hundred of them already slow it down. */
const MAX_LIVE = 64;

/** Options of every command that opens a store. */
export const STORE_OPTIONS: readonly OptionName[] = [
  'store',
  'storePasswordFile',
  'storeTimeout',
  'storeWait',
];

/** Options of every command that runs guests. */
export const GUEST_OPTIONS: readonly OptionName[] = [
  'bucket',
  'maxValue',
  'env',
  'envFile',
  'inheritEnv',
  'configVar',
  'preset',
  'dir',
  'allowOutbound',
  'denyOutbound',
  'maxMemory',
  'maxEachMemory',
  'allowWasmGc',
  'maxHostMemory',
  'timeout',
  'fuel',
  'cacheDir',
  'verbose',
  'wasi',
  'wasm',
  'optimize',
  'codegen',
  'debug',
  'record',
  'config',
  'target',
  'allowPrecompiled',
  'profile',
];

/** Options of every command that listens. */
export const LISTEN_OPTIONS: readonly OptionName[] = [
  'addr',
  'allowHost',
  'allowOrigin',
  'publicUrl',
  'trustProxy',
  'maxConnections',
  'maxConcurrentConnections',
  'keepAlive',
  'bodyTimeout',
  'sseKeepAlive',
];

/** Options of every command that serves requests, in addition to those. */
export const SERVER_OPTIONS: readonly OptionName[] = [
  ...STORE_OPTIONS,
  'storeConnections',
  'durability',
  'acceptWeaker',
  ...GUEST_OPTIONS,
  'memoryBudget',
  'maxDescriptors',
  'isolation',
  'workers',
  'maxWorkers',
  'queue',
  'streamIdle',
  'cpuLimit',
  'drain',
  'maxBody',
  'mcp',
  'state',
  'stateLifetime',
  'handleNames',
  'maxHandles',
  'maxHandlesPerPrincipal',
  'sessionOrder',
  'sessionRetention',
  'inputWait',
  'taskAfter',
  'taskTtl',
  'loggingPrefix',
  'header',
  'maxInstanceReuseCount',
  'maxInstanceConcurrentReuseCount',
  'idleInstanceTimeout',
  'maxConcurrentRequests',
];

/** A server as the options say. */
export async function serverOptions(
  options: OptionValues,
  log: NonNullable<ServerOptions['log']>,
): Promise<ServerOptions & { readonly env: Readonly<Record<string, string>> }> {
  return {
    store: options.store,
    durability: options.durability,
    storeAccess: storeAccess(options),
    storeLimits: { maxValue: options.maxValue, ...(options.bucket && { buckets: options.bucket }) },
    maxHostMemory: options.maxHostMemory,
    memoryBudget: options.memoryBudget,
    maxDescriptors: options.maxDescriptors,
    env: await guestEnvironment(options),
    config: Object.fromEntries(options.configVar ?? []),
    presets: options.preset ?? [],
    directories: options.dir ?? [],
    protected: [...settingsFiles(options), ...socketFiles(options)],
    outgoing: { allow: options.allowOutbound ?? [], deny: options.denyOutbound ?? [] },
    ...(options.mcp !== undefined && { mcp: options.mcp }),
    ...(options.state !== undefined && { state: options.state }),
    stateLifetime: options.stateLifetime,
    handleNames: options.handleNames,
    maxHandles: options.maxHandles,
    maxHandlesPerPrincipal: options.maxHandlesPerPrincipal,
    sessionOrder: options.sessionOrder,
    sessionRetention: options.sessionRetention,
    inputWait: options.inputWait,
    taskAfter: options.taskAfter,
    taskTtl: options.taskTtl,
    sseKeepAlive: options.sseKeepAlive,
    loggingPrefix: options.loggingPrefix,
    isolation: options.isolation,
    ...concurrency(options),
    queueLimit: options.queue,
    timeout: options.timeout,
    streamIdle: options.streamIdle,
    ...(options.cpuLimit !== undefined && { cpuLimit: options.cpuLimit }),
    ...(options.fuel !== undefined && { fuel: options.fuel }),
    maxBody: options.maxBody,
    maxConnections: options.maxConnections,
    keepAlive: options.keepAlive,
    bodyTimeout: options.bodyTimeout,
    allowHosts: options.allowHost ?? [],
    allowOrigins: options.allowOrigin ?? [],
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    trustProxy: options.trustProxy ?? false,
    log,
  };
}

/** How a store on another machine is reached. */
export function storeAccess(options: OptionValues): StoreAccess {
  const { storePasswordFile, storeTimeout, storeWait, storeConnections, acceptWeaker } = options;
  return {
    ...(storePasswordFile !== undefined && { passwordFile: storePasswordFile }),
    timeout: storeTimeout,
    wait: storeWait,
    ...(storeConnections !== undefined && { connections: storeConnections }),
    acceptWeaker: acceptWeaker ?? false,
  };
}

/** Options that name files which the next start reads, or which are secret. */
const PROTECTED_FILES = [
  'config',
  'envFile',
  'storePasswordFile',
  'adminTokenFile',
  'metricsTokenFile',
  'logFile',
  'tlsCert',
  'tlsKey',
] as const;

/** Guests must neither read secrets nor change options. */
export function settingsFiles(
  options: Pick<OptionValues, (typeof PROTECTED_FILES)[number]>,
): ProtectedPath[] {
  return PROTECTED_FILES.flatMap((name) => {
    const path = options[name];
    return path === undefined ? [] : [{ path, kind: 'file' }];
  });
}

/** A guest that replaced the socket of its server would get the requests of all clients. */
function socketFiles({ addr = [], adminAddr }: Pick<OptionValues, 'addr' | 'adminAddr'>): ProtectedPath[] {
  const addresses = adminAddr === undefined ? addr : [...addr, adminAddr];
  return addresses.filter(isUnix).map(({ path }) => ({ path, kind: 'file' }));
}

type Concurrency = Pick<ServerOptions, 'workers' | 'maxWorkers' | 'liveLimit'>;

/** Divides `maxConcurrentRequests` instances among the workers. Without it each worker has its default. */
function concurrency(
  options: Pick<OptionValues, 'workers' | 'maxWorkers' | 'maxConcurrentRequests'>,
): Concurrency {
  const { workers = availableParallelism(), maxConcurrentRequests } = options;
  const maxWorkers = Math.max(workers, options.maxWorkers ?? 0);
  if (maxConcurrentRequests === undefined) return { workers, maxWorkers };
  const most = Math.min(maxWorkers, maxConcurrentRequests);
  return {
    workers: Math.min(workers, most),
    maxWorkers: most,
    liveLimit: Math.min(Math.floor(maxConcurrentRequests / most), MAX_LIVE),
  };
}
