import { DEFAULT_MAX_HOST_MEMORY, DEFAULT_MAX_VALUE, DEFAULT_STORE_URL } from '../../host/index.ts';
import type { OptionValues } from './types.ts';

type Defaulted =
  | 'store'
  | 'storeTimeout'
  | 'storeWait'
  | 'durability'
  | 'maxValue'
  | 'maxConnections'
  | 'keepAlive'
  | 'bodyTimeout'
  | 'maxBody'
  | 'isolation'
  | 'maxMemory'
  | 'maxHostMemory'
  | 'maxDescriptors'
  | 'loggingPrefix'
  | 'queue'
  | 'timeout'
  | 'streamIdle'
  | 'drain'
  | 'stateLifetime'
  | 'handleNames'
  | 'maxHandles'
  | 'maxHandlesPerPrincipal'
  | 'sessionOrder'
  | 'sessionRetention'
  | 'inputWait'
  | 'taskAfter'
  | 'taskTtl'
  | 'sseKeepAlive';

interface LibraryDefaults {
  host: string;
  port: number;
  /** The command takes one per core. */
  workers: number;
  liveLimit: number;
}

/**
 * The default of each option, for the command and the library alike. Defaults of the host are imported from the host, which
 * does not know about options; a default that depends on the machine is computed where it is used.
 */
export const DEFAULTS: Readonly<Pick<OptionValues, Defaulted>> & Readonly<LibraryDefaults> = {
  store: DEFAULT_STORE_URL,
  storeTimeout: 5000,
  storeWait: 10_000,
  durability: 'power',
  maxValue: DEFAULT_MAX_VALUE,

  host: '127.0.0.1',
  port: 8080,
  maxConnections: 1000,
  keepAlive: 75_000,
  bodyTimeout: 30_000,
  maxBody: 10 * 1024 ** 2,

  isolation: 'request',
  maxMemory: 1024 ** 3,
  maxHostMemory: DEFAULT_MAX_HOST_MEMORY,
  maxDescriptors: 256,
  loggingPrefix: true,

  workers: 1,
  liveLimit: 64,
  queue: 1024,
  timeout: 30_000,
  streamIdle: 300_000,
  drain: 10_000,

  stateLifetime: 24 * 3_600_000,
  handleNames: { create: 'create_session', end: 'end_session', argument: 'session_id' },
  maxHandles: 10_000,
  maxHandlesPerPrincipal: 100,
  sessionOrder: 'serial',
  sessionRetention: 7 * 24 * 3_600_000,
  inputWait: 300_000,
  taskAfter: 5000,
  taskTtl: 3_600_000,
  sseKeepAlive: 15_000,
};
