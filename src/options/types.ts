import type { Durability } from '../../host/index.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A Unix socket that a server creates, with the permissions that it gets. */
export interface UnixAddress {
  readonly path: string;
  readonly mode: number;
}

/** Where a server can listen. */
export type ListenAddress = Address | UnixAddress;

/** Names under which clients without sessions see those of the guest. */
export interface HandleNames {
  /** The tool that creates a session. */
  readonly create: string;
  /** The tool that ends one. */
  readonly end: string;
  /** The argument of all other tools. */
  readonly argument: string;
}

/** A folder of the host and where the guest sees it. */
export interface Directory {
  readonly host: string;
  readonly guest: string;
  readonly readOnly: boolean;
}

/** The value of `--isolation`, as the engine takes it. */
export type IsolationValue = 'request' | 'fresh' | { readonly reuse: number };

/** Our options that keys of wasmtime set. */
export type Changes = Partial<
  Pick<
    OptionValues,
    'timeout' | 'fuel' | 'maxEachMemory' | 'allowWasmGc' | 'inheritEnv' | 'configVar' | 'preset'
  >
>;

/** The meaning of a key: nothing to do, something unsupported, or options to set. */
export type Meaning = 'holds' | { readonly warning: string } | { readonly changes: Changes };

/** One key of `-S`, `-W` and similar options, from a command line or a `--config` file. */
export interface Setting {
  /** As it is written, such as `-S inherit-env`. */
  readonly name: string;
  readonly meaning: Meaning;
}

/** Options of `wasmtime serve` and `wasmtime run` that exist here only so that their command lines work. */
export interface WasmtimeValues {
  wasi?: Setting[][];
  wasm?: Setting[][];
  optimize?: Setting[][];
  codegen?: Setting[][];
  debug?: Setting[][];
  record?: Setting[][];
  config?: string;
  target?: string;
  allowPrecompiled?: boolean;
  profile?: string;
  header?: [string, string][][];
  shutdownAddr?: Address;
  maxInstanceReuseCount?: number;
  maxInstanceConcurrentReuseCount?: number;
  idleInstanceTimeout?: number;
  maxConcurrentRequests?: number;
  maxConcurrentConnections?: number;
  argv0?: string;
  invoke?: string;
  preload?: string[];
}

/** The options of the commands with the types of their values. Those that are always present have a default. */
export interface OptionValues extends WasmtimeValues {
  addr?: ListenAddress[];
  systemdListenfd?: boolean;
  idleProcessTimeout?: number;
  tlsCert?: string;
  tlsKey?: string;
  adminAddr?: ListenAddress;
  adminTokenFile?: string;
  allowHost?: string[];
  allowOrigin?: string[];
  publicUrl?: string;
  trustProxy?: boolean;
  store: string;
  storePasswordFile?: string;
  storeTimeout: number;
  storeWait: number;
  storeConnections?: number;
  acceptWeaker?: boolean;
  durability: Durability;
  bucket?: string[];
  maxValue: number;
  env?: [string, string | undefined][];
  envFile?: string;
  inheritEnv?: boolean;
  configVar?: [string, string][];
  preset?: [string, string][];
  dir?: Directory[];
  allowOutbound?: string[];
  denyOutbound?: string[];
  workers?: number;
  maxWorkers?: number;
  queue: number;
  timeout: number;
  streamIdle: number;
  cpuLimit?: number;
  fuel?: number;
  drain: number;
  maxBody: number;
  maxConnections: number;
  keepAlive: number;
  bodyTimeout: number;
  mcp?: 'guide' | 'strict' | 'off';
  state?: 'principal' | 'handle' | 'none';
  stateLifetime: number;
  handleNames: HandleNames;
  maxHandles: number;
  maxHandlesPerPrincipal: number;
  sessionOrder: 'serial' | 'parallel';
  sessionRetention: number | 'off';
  inputWait: number;
  taskAfter: number | 'off';
  taskTtl: number;
  sseKeepAlive: number | 'off';
  reason: string;
  json?: boolean;
  internal?: boolean;
  prefix?: string;
  limit?: number;
  subject?: string;
  sessionState?: 'live' | 'ended' | 'expired';
  sort?: 'updated' | 'created' | 'size';
  type?: 'string' | 'json' | 'u64' | 's64' | 'bool' | 'bytes';
  keepSource?: boolean;
  loggingPrefix: boolean;
  cacheDir?: string;
  isolation: IsolationValue;
  maxMemory: number;
  maxEachMemory?: number;
  allowWasmGc?: boolean;
  maxHostMemory: number;
  maxDescriptors: number;
  memoryBudget: number;
  verbose?: boolean;
  session?: string;
  watch?: boolean;
  wait?: string;
  keep?: boolean;
  serverLog?: string;
  metricsTokenFile?: string;
  accessLog?: boolean;
  logFormat: 'text' | 'json';
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  logFile?: string;
}

/** Name of an option in the table. */
export type OptionName = keyof OptionValues;

type Value<N extends OptionName> = Exclude<OptionValues[N], undefined>;

/** Converts the words after a flag into a value. */
export interface Kind<T> {
  /** Fails with `option-invalid` and the remedy. */
  readonly parse: (text: string) => T;
  /** Formats a default for help; `String` by default. */
  readonly show?: (value: T) => string;
}

interface Spec {
  readonly description: string;
  /** Its names in the environment, the one that help shows first; `WASMCP_NODE_` and the flag's name otherwise. */
  readonly environment?: readonly string[];
  /** Whether flags replace the list in the environment, instead of adding to it. */
  readonly overridden?: boolean;
  /** Its heading in help. */
  readonly group?: string;
}

/** A flag without a value, one with a value, or one that may be given several times (in the environment with commas). */
type Form<T> = [T] extends [boolean]
  ? { readonly flags: `${string}--${string}`; readonly kind?: never; readonly list?: never }
  : [T] extends [readonly (infer E)[]]
    ? { readonly flags: `${string}--${string} <${string}>`; readonly list: true } & Parsed<E>
    : { readonly flags: `${string}--${string} <${string}>`; readonly list?: never } & Parsed<T>;

/** A string needs no kind. */
type Parsed<T> = [string] extends [T] ? { readonly kind?: Kind<T> } : { readonly kind: Kind<T> };

/** A default for options that are always present, and for no others. */
type Default<N extends OptionName> = undefined extends OptionValues[N]
  ? {
      readonly fallback?: never;
      /** What happens without it, if the commands decide that. */
      readonly fallbackText?: string;
    }
  : {
      readonly fallback: Value<N>;
      /** Shown by help instead of the default. */
      readonly fallbackText?: string;
    };

/** One option of the commands: its flag, what it means, its kind and its default. */
export type OptionRow<N extends OptionName> = Spec & Form<Value<N>> & Default<N>;

/** Rows of the table by name. A missing row, or one whose kind or default has the wrong type, does not compile. */
export type OptionRows<N extends OptionName> = { readonly [K in N]: OptionRow<K> };

/** The meaning of an option for a single command. */
export interface OptionAdjustment<N extends OptionName = OptionName> {
  readonly description?: string;
  readonly fallback?: Value<N>;
  readonly fallbackText?: string;
}

export type OptionAdjustments = { readonly [N in OptionName]?: OptionAdjustment<N> };

/** Any row of the table, for code that reads all of them. */
export interface OptionSpec {
  readonly flags: string;
  readonly environment: readonly string[];
  readonly description: string;
  readonly parse: (text: string) => unknown;
  readonly list: boolean;
  readonly overridden: boolean;
  readonly group: string | undefined;
  readonly fallback: unknown;
  /** The default as help shows it; undefined if there is none to show. */
  readonly fallbackText: string | undefined;
}
