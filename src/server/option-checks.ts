import { ACCESS_CHECKS, check, type OptionChecks, type StoreLimits } from '../../host/index.ts';
import { DEFAULTS } from '../options/defaults.ts';
import { RANGES, TOOL_NAME } from '../options/ranges.ts';
import { resolveOptions } from '../options/resolve.ts';
import type { HandleNames } from '../options/types.ts';
import { defaultMemoryBudget } from '../process/memory/limit.ts';
import type { DefaultedOption, ServerOptions, ServerSettings } from './options.ts';

const duration = check.milliseconds(...RANGES.duration);
const STORE_LIMITS: OptionChecks<StoreLimits> = {
  maxKey: check.bytes(0),
  maxValue: check.bytes(0),
  buckets: check.texts,
};
const OUTGOING: OptionChecks<NonNullable<ServerOptions['outgoing']>> = {
  allow: check.texts,
  deny: check.texts,
  loopback: check.flag,
};

const HANDLE_NAMES = check.fields({ create: check.text, end: check.text, argument: check.text });

/** The checks of `createServer`. */
export const SERVER_CHECKS: OptionChecks<ServerOptions> = {
  store: check.either('a URL or a store', check.text, check.object),
  durability: check.oneOf('power', 'process', 'strict'),
  storeAccess: check.fields(ACCESS_CHECKS),
  storeBroken: check.callback,
  storeLimits: check.fields(STORE_LIMITS),
  maxHostMemory: check.bytes(...RANGES.hostMemory),
  maxDescriptors: check.wholeNumber(...RANGES.maxDescriptors),
  memoryBudget: check.bytes(...RANGES.memoryBudget),
  env: check.dictionary,
  config: check.dictionary,
  presets: check.pairs,
  directories: check.folders,
  protected: check.paths,
  outgoing: check.fields(OUTGOING),
  fetch: check.callback,
  loggingPrefix: check.flag,
  isolation: check.either(
    '"request", "fresh" or { reuse: N } with N from 1 to 1000000',
    check.oneOf('request', 'fresh'),
    check.fields({ reuse: check.wholeNumber(...RANGES.reuse) }),
  ),
  workers: check.wholeNumber(0, RANGES.workers[1]),
  maxWorkers: check.wholeNumber(...RANGES.workers),
  liveLimit: check.wholeNumber(1, 10_000),
  queueLimit: check.wholeNumber(...RANGES.queue),
  timeout: duration,
  streamIdle: duration,
  cpuLimit: duration,
  fuel: check.wholeNumber(...RANGES.fuel),
  output: check.callback,
  log: check.callback,
  allowHosts: check.texts,
  allowOrigins: check.texts,
  publicUrl: check.text,
  trustProxy: check.flag,
  mcp: check.oneOf('guide', 'strict', 'off'),
  state: check.oneOf('principal', 'handle', 'none'),
  stateLifetime: check.milliseconds(...RANGES.retention),
  handleNames: checkHandleNames,
  maxHandles: check.wholeNumber(...RANGES.handles),
  maxHandlesPerPrincipal: check.wholeNumber(...RANGES.handlesPerPrincipal),
  sessionOrder: check.oneOf('serial', 'parallel'),
  sessionRetention: check.either(
    '"off" or milliseconds from a second to a hundred years',
    check.oneOf('off'),
    check.milliseconds(...RANGES.retention),
  ),
  maxBody: check.bytes(0),
  maxConnections: check.wholeNumber(...RANGES.maxConnections),
  inputWait: duration,
  taskAfter: check.either('"off" or milliseconds', check.oneOf('off'), duration),
  taskTtl: duration,
  sseKeepAlive: check.either('"off" or milliseconds', check.oneOf('off'), duration),
  keepAlive: duration,
  bodyTimeout: duration,
  onRequest: check.callback,
};

const SERVER_DEFAULTS: Pick<ServerSettings, DefaultedOption> = {
  store: DEFAULTS.store,
  durability: DEFAULTS.durability,
  storeAccess: {},
  storeLimits: {},
  maxHostMemory: DEFAULTS.maxHostMemory,
  maxDescriptors: DEFAULTS.maxDescriptors,
  memoryBudget: defaultMemoryBudget(),
  env: {},
  config: {},
  presets: [],
  directories: [],
  protected: [],
  outgoing: {},
  loggingPrefix: DEFAULTS.loggingPrefix,
  isolation: DEFAULTS.isolation,
  workers: DEFAULTS.workers,
  liveLimit: DEFAULTS.liveLimit,
  queueLimit: DEFAULTS.queue,
  timeout: DEFAULTS.timeout,
  streamIdle: DEFAULTS.streamIdle,
  output() {},
  log() {},
  allowHosts: [],
  allowOrigins: [],
  trustProxy: false,
  stateLifetime: DEFAULTS.stateLifetime,
  handleNames: DEFAULTS.handleNames,
  maxHandles: DEFAULTS.maxHandles,
  maxHandlesPerPrincipal: DEFAULTS.maxHandlesPerPrincipal,
  sessionOrder: DEFAULTS.sessionOrder,
  sessionRetention: DEFAULTS.sessionRetention,
  maxBody: DEFAULTS.maxBody,
  maxConnections: DEFAULTS.maxConnections,
  inputWait: DEFAULTS.inputWait,
  taskAfter: DEFAULTS.taskAfter,
  taskTtl: DEFAULTS.taskTtl,
  sseKeepAlive: DEFAULTS.sseKeepAlive,
  keepAlive: DEFAULTS.keepAlive,
  bodyTimeout: DEFAULTS.bodyTimeout,
};

/** @throws TypeError for an unknown option or an invalid value */
export function resolveServerOptions(options: ServerOptions): ServerSettings {
  return resolveOptions('createServer', options, SERVER_CHECKS, SERVER_DEFAULTS);
}

function checkHandleNames(value: unknown, name: string): void {
  HANDLE_NAMES(value, name);
  const { create, end, argument } = value as HandleNames;
  if (create !== end && [create, end, argument].every((one) => TOOL_NAME.test(one))) return;
  throw new TypeError(`${name} must be different names of up to 128 letters, digits, "_", "-" or "."`);
}
