import { availableParallelism } from 'node:os';
import type { Durability } from '../../host/index.ts';
import { defaultMemoryBudget } from '../engine/memory/limit.ts';
import { parsePublicUrl } from '../server/access-policy/access-policy.ts';
import { parseAllowedHost, parseAllowedOrigin } from '../server/access-policy/allow-list.ts';
import {
  type Address,
  checkedBy,
  type Directory,
  type IsolationValue,
  parseAddress,
  parseAdminAddress,
  parseChoice,
  parseConfig,
  parseCount,
  parseDirectory,
  parseDuration,
  parseEnvironment,
  parseHostMemorySize,
  parseIsolation,
  parseMemoryBudget,
  parseMemorySize,
  parseOutbound,
  parsePath,
  parseRetention,
  parseSize,
} from './parse.ts';
import { RANGES } from './ranges.ts';
import { WASMTIME_OPTIONS, type WasmtimeValues } from './wasmtime/options.ts';

/** What the commands read: each option with the type of its value. */
export interface OptionValues extends WasmtimeValues {
  addr: Address;
  adminAddr?: Address;
  allowHost?: string[];
  allowOrigin?: string[];
  publicUrl?: string;
  trustProxy?: boolean;
  store: string;
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
  workers: number;
  queue: number;
  timeout: number;
  streamIdle: number;
  drain: number;
  maxBody: number;
  maxConnections: number;
  keepAlive: number;
  bodyTimeout: number;
  mcp?: 'guide' | 'strict' | 'off';
  sessionOrder: 'serial' | 'parallel';
  sessionRetention: number | 'off';
  inputWait: number;
  reason: string;
  json?: boolean;
  loggingPrefix: boolean;
  cacheDir?: string;
  isolation: IsolationValue;
  maxMemory: number;
  maxEachMemory?: number;
  allowWasmGc?: boolean;
  maxHostMemory: number;
  memoryBudget: number;
  maxDescriptors: number;
  verbose?: boolean;
  session?: string;
  watch?: boolean;
  wait?: string;
  keep?: boolean;
  serverLog?: string;
}

/** Name of an option in the table. */
export type OptionName = keyof OptionValues;

/** One option of the commands: its flag, its names in the environment, its default and its check. */
export interface OptionSpec {
  readonly flags: string;
  /** The first is the one that help shows. */
  readonly environment: readonly string[];
  readonly description: string;
  /** From the words after the flag to the value; fails with `option-invalid` and the remedy. */
  readonly parse?: (text: string) => unknown;
  readonly fallback?: unknown;
  /** Shown by `--help` in place of the fallback. */
  readonly fallbackText?: string;
  /** May be given several times; in the environment with commas. */
  readonly list?: true;
  /** The heading of those that it stands with in help. */
  readonly group?: string;
}

/** The one table of options. */
export const OPTIONS: { readonly [N in OptionName]: OptionSpec } = {
  addr: {
    flags: '--addr <host:port>',
    environment: ['WASMCP_NODE_ADDR'],
    description: 'where to listen; port 0 picks a free one',
    parse: parseAddress,
    fallback: { host: '127.0.0.1', port: 8080 },
    fallbackText: '127.0.0.1:8080',
  },
  adminAddr: {
    flags: '--admin-addr <host:port>',
    environment: ['WASMCP_NODE_ADMIN_ADDR'],
    description:
      'where to serve /healthz, /readyz and /metrics; a port alone is on loopback; default: nowhere',
    parse: parseAdminAddress,
  },
  allowHost: {
    flags: '--allow-host <host>',
    environment: ['WASMCP_NODE_ALLOW_HOST'],
    description:
      "a name that clients reach this server by, besides this machine's own; with a port for that one only; * for any",
    parse: checkedBy(parseAllowedHost),
    list: true,
  },
  allowOrigin: {
    flags: '--allow-origin <origin>',
    environment: ['WASMCP_NODE_ALLOW_ORIGIN'],
    description: 'whose pages may use this server, such as https://app.example.com; * for all',
    parse: checkedBy(parseAllowedOrigin),
    list: true,
  },
  publicUrl: {
    flags: '--public-url <url>',
    environment: ['WASMCP_NODE_PUBLIC_URL'],
    description:
      'where clients find this server, such as https://mcp.example.com, when something stands in front of it',
    parse: checkedBy(parsePublicUrl),
  },
  trustProxy: {
    flags: '--trust-proxy',
    environment: ['WASMCP_NODE_TRUST_PROXY'],
    description:
      'take scheme and host from X-Forwarded-* or Forwarded; only for a server that nobody but a proxy reaches',
  },
  store: {
    flags: '--store <url>',
    environment: ['WASMCP_NODE_STORE', 'WASMCP_STORE'],
    description: 'where key-values live: sqlite:PATH or memory:',
    fallback: 'sqlite:.wasmcp/store.db',
  },
  durability: {
    flags: '--durability <mode>',
    environment: ['WASMCP_NODE_DURABILITY'],
    description:
      'what an answered request survives: power (a power cut), process (kill -9), strict (as power, a sync a write)',
    parse: parseChoice<Durability>('power', 'process', 'strict'),
    fallback: 'power',
  },
  bucket: {
    flags: '--bucket <name>',
    environment: ['WASMCP_NODE_BUCKET'],
    description: 'a bucket that guests may open; default: any name',
    list: true,
  },
  maxValue: {
    flags: '--max-value <size>',
    environment: ['WASMCP_NODE_MAX_VALUE'],
    description: 'largest value in the store',
    parse: parseSize,
    fallback: 16 * 1024 ** 2,
    fallbackText: '16MiB',
  },
  env: {
    flags: '--env <name[=value]>',
    environment: ['WASMCP_NODE_GUEST_ENV'],
    description: "a variable of the guest's environment; without a value, this shell's",
    parse: parseEnvironment,
    list: true,
  },
  envFile: {
    flags: '--env-file <path>',
    environment: ['WASMCP_NODE_ENV_FILE'],
    description: 'a file of NAME=VALUE lines for the guest; --env wins over it',
  },
  inheritEnv: {
    flags: '--inherit-env',
    environment: ['WASMCP_NODE_INHERIT_ENV'],
    description: "hand this shell's whole environment to the guest",
  },
  configVar: {
    flags: '--config-var <key=value>',
    environment: ['WASMCP_NODE_CONFIG_VAR'],
    description: 'an entry of wasi:config/store',
    parse: parseConfig,
    list: true,
  },
  preset: {
    flags: '--preset <key=value>',
    environment: ['WASMCP_NODE_PRESET'],
    description:
      'a key of the default bucket that is there from the start; one that the store has stays as it is',
    parse: parseConfig,
    list: true,
  },
  dir: {
    flags: '--dir <host[::guest[:ro]]>',
    environment: ['WASMCP_NODE_DIR'],
    description: 'a folder that the guest may use, or only read (:ro)',
    parse: parseDirectory,
    list: true,
  },
  isolation: {
    flags: '--isolation <mode>',
    environment: ['WASMCP_NODE_ISOLATION'],
    description:
      'what a request finds of earlier ones: nothing (request), nothing at a higher price (fresh), what the last N left (reuse=N)',
    parse: parseIsolation,
    fallback: 'request',
  },
  maxMemory: {
    flags: '--max-memory <size>',
    environment: ['WASMCP_NODE_MAX_MEMORY'],
    description: 'what all memories and tables of a guest may take together; growing beyond it fails',
    parse: parseMemorySize,
    fallback: 1024 ** 3,
    fallbackText: '1GiB',
  },
  maxHostMemory: {
    flags: '--max-host-memory <size>',
    environment: ['WASMCP_NODE_MAX_HOST_MEMORY'],
    description:
      'what the host may hold for one guest beside its memories: bodies, headers, values, handles; a call that needs more fails',
    parse: parseHostMemorySize,
    fallback: 256 * 1024 ** 2,
    fallbackText: '256MiB',
  },
  maxEachMemory: {
    flags: '--max-each-memory <size>',
    environment: ['WASMCP_NODE_MAX_EACH_MEMORY'],
    description: 'largest size of each memory of a guest; default: --max-memory',
    parse: parseMemorySize,
  },
  maxDescriptors: {
    flags: '--max-descriptors <n>',
    environment: ['WASMCP_NODE_MAX_DESCRIPTORS'],
    description: 'files and outgoing connections that one guest may have open',
    parse: parseCount(...RANGES.maxDescriptors),
    fallback: 256,
  },
  memoryBudget: {
    flags: '--memory-budget <size>',
    environment: ['WASMCP_NODE_MEMORY_BUDGET'],
    description:
      'what the whole process may hold; near it requests wait, above it guests that take more are ended, the largest first',
    parse: parseMemoryBudget,
    fallback: defaultMemoryBudget(),
    fallbackText: "3/4 of the container's or the machine's memory",
  },
  allowWasmGc: {
    flags: '--allow-wasm-gc',
    environment: ['WASMCP_NODE_ALLOW_WASM_GC'],
    description: 'run components with WasmGC types, whose objects --max-memory does not limit',
  },
  allowOutbound: {
    flags: '--allow-outbound <pattern>',
    environment: ['WASMCP_NODE_ALLOW_OUTBOUND'],
    description:
      'where guests may send HTTP requests, such as https://*.example.com, localhost:8080 or 10.0.0.0/8; default: public addresses, and loopback while listening on loopback',
    parse: parseOutbound,
    list: true,
  },
  denyOutbound: {
    flags: '--deny-outbound <pattern>',
    environment: ['WASMCP_NODE_DENY_OUTBOUND'],
    description: 'where they may not; * is everywhere; of all patterns that match the narrowest decides',
    parse: parseOutbound,
    list: true,
  },
  workers: {
    flags: '--workers <n>',
    environment: ['WASMCP_NODE_WORKERS'],
    description: 'threads that run guests',
    parse: parseCount(...RANGES.workers),
    fallback: availableParallelism(),
    fallbackText: 'one a core',
  },
  queue: {
    flags: '--queue <n>',
    environment: ['WASMCP_NODE_QUEUE'],
    description: 'requests that may wait for a free guest; one more gets 503',
    parse: parseCount(...RANGES.queue),
    fallback: 1024,
  },
  timeout: {
    flags: '--timeout <duration>',
    environment: ['WASMCP_NODE_TIMEOUT'],
    description: 'time from a request until its response starts, waiting included; then 504',
    parse: parseDuration,
    fallback: 30_000,
    fallbackText: '30s',
  },
  streamIdle: {
    flags: '--stream-idle <duration>',
    environment: ['WASMCP_NODE_STREAM_IDLE'],
    description: 'longest silence within a response that has started',
    parse: parseDuration,
    fallback: 300_000,
    fallbackText: '5m',
  },
  drain: {
    flags: '--drain <duration>',
    environment: ['WASMCP_NODE_DRAIN'],
    description: 'time for requests under way when asked to stop',
    parse: parseDuration,
    fallback: 10_000,
    fallbackText: '10s',
  },
  maxBody: {
    flags: '--max-body <size>',
    environment: ['WASMCP_NODE_MAX_BODY'],
    description: 'largest body of a request; a larger one gets 413',
    parse: parseSize,
    fallback: 10 * 1024 ** 2,
    fallbackText: '10MiB',
  },
  maxConnections: {
    flags: '--max-connections <n>',
    environment: ['WASMCP_NODE_MAX_CONNECTIONS'],
    description: 'connections at a time; for one more, the longest idle one is closed',
    parse: parseCount(...RANGES.maxConnections),
    fallback: 1000,
  },
  keepAlive: {
    flags: '--keep-alive <duration>',
    environment: ['WASMCP_NODE_KEEP_ALIVE'],
    description: 'how long an idle connection is kept; longer than the proxy in front keeps its own',
    parse: parseDuration,
    fallback: 75_000,
    fallbackText: '75s',
  },
  bodyTimeout: {
    flags: '--body-timeout <duration>',
    environment: ['WASMCP_NODE_BODY_TIMEOUT'],
    description: 'how long the body of a request may make no progress; then 408',
    parse: parseDuration,
    fallback: 30_000,
    fallbackText: '30s',
  },
  mcp: {
    flags: '--mcp <mode>',
    environment: ['WASMCP_NODE_MCP'],
    description:
      "what MCP clients find: what wasmcp's Sessions Guide promises (guide), the specification (strict), the guest alone (off); default: guide for servers of wasmcp",
    parse: parseChoice('guide', 'strict', 'off'),
  },
  sessionOrder: {
    flags: '--session-order <order>',
    environment: ['WASMCP_NODE_SESSION_ORDER'],
    description: 'requests of one MCP session: one after another (serial), or as they come (parallel)',
    parse: parseChoice('serial', 'parallel'),
    fallback: 'serial',
  },
  sessionRetention: {
    flags: '--session-retention <duration>',
    environment: ['WASMCP_NODE_SESSION_RETENTION'],
    description:
      'how long MCP sessions stay in the store after their end, such as 12h or 30d; off keeps them',
    parse: parseRetention,
    fallback: 7 * 24 * 3_600_000,
    fallbackText: '7d',
  },
  inputWait: {
    flags: '--input-wait <duration>',
    environment: ['WASMCP_NODE_INPUT_WAIT'],
    description: 'how long a guest may wait for what it has asked its client (sampling, elicitation)',
    parse: parseDuration,
    fallback: 300_000,
    fallbackText: '5m',
  },
  reason: {
    flags: '--reason <text>',
    environment: ['WASMCP_NODE_REASON'],
    description: 'why a session is ended; it is kept with the session',
    fallback: 'ended by wasmcp-node sessions terminate',
  },
  json: {
    flags: '--json',
    environment: ['WASMCP_NODE_JSON'],
    description: 'print JSON on a terminal too',
  },
  loggingPrefix: {
    flags: '--no-logging-prefix',
    environment: ['WASMCP_NODE_NO_LOGGING_PREFIX'],
    description: "print the guest's output without `stdout [N] :: ` before each line",
    fallback: true,
  },
  verbose: {
    flags: '-v, --verbose',
    environment: ['WASMCP_NODE_VERBOSE'],
    description: 'say how the component is run',
  },
  cacheDir: {
    flags: '--cache-dir <path>',
    environment: ['WASMCP_NODE_CACHE_DIR'],
    description: "where transpiled components are kept; default: the user's cache folder",
  },
  session: {
    flags: '--session <id>',
    environment: ['WASMCP_NODE_SESSION'],
    description: "a session to resume; default: the client's last one in this store",
  },
  watch: {
    flags: '--watch',
    environment: ['WASMCP_NODE_WATCH'],
    description: 'take the component anew whenever its file changes',
  },
  wait: {
    flags: '--wait <path>',
    environment: ['WASMCP_NODE_WAIT'],
    description: 'start the command once a GET of this path is answered with success, within --timeout',
    parse: parsePath,
  },
  keep: {
    flags: '--keep',
    environment: ['WASMCP_NODE_KEEP'],
    description: 'serve on after the command, until a signal',
  },
  serverLog: {
    flags: '--server-log <path>',
    environment: ['WASMCP_NODE_SERVER_LOG'],
    description: 'a file to append what server and guests print to; default: stderr',
  },
  ...WASMTIME_OPTIONS,
};
