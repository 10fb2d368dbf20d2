import { defaultMemoryBudget } from '../../process/memory/limit.ts';
import { DEFAULTS } from '../defaults.ts';
import {
  ASSIGNMENT,
  count,
  DIRECTORY,
  DURATION,
  HOST_MEMORY,
  ISOLATION,
  MEMORY,
  MEMORY_BUDGET,
  OUTBOUND,
  VARIABLE,
} from '../kinds.ts';
import { RANGES } from '../ranges.ts';
import type { OptionRows } from '../types.ts';

type Reach =
  | 'env'
  | 'envFile'
  | 'inheritEnv'
  | 'configVar'
  | 'dir'
  | 'allowOutbound'
  | 'denyOutbound'
  | 'loggingPrefix';

type Limits =
  | 'isolation'
  | 'maxMemory'
  | 'maxEachMemory'
  | 'allowWasmGc'
  | 'maxHostMemory'
  | 'maxDescriptors'
  | 'memoryBudget'
  | 'workers'
  | 'maxWorkers'
  | 'queue'
  | 'timeout'
  | 'streamIdle'
  | 'cpuLimit'
  | 'fuel'
  | 'drain';

/** What guests see and may use. */
export const REACH: OptionRows<Reach> = {
  env: {
    flags: '--env <name[=value]>',
    environment: ['WASMCP_NODE_GUEST_ENV'],
    description: "a variable of the guest's environment; without a value, this shell's",
    kind: VARIABLE,
    list: true,
  },
  envFile: {
    flags: '--env-file <path>',
    description: "a file of NAME=VALUE lines for the guest's environment; --env wins over it",
  },
  inheritEnv: {
    flags: '--inherit-env',
    description: "pass this shell's whole environment to the guest",
  },
  configVar: {
    flags: '--config-var <key=value>',
    description: 'an entry of wasi:config/store',
    kind: ASSIGNMENT,
    list: true,
  },
  dir: {
    flags: '--dir <host[::guest[:ro]]>',
    description: 'a directory that the guest may use, or only read (:ro)',
    kind: DIRECTORY,
    list: true,
  },
  allowOutbound: {
    flags: '--allow-outbound <pattern>',
    description:
      'where guests may send HTTP requests, such as https://*.example.com, localhost:8080 or 10.0.0.0/8; default: public addresses, and loopback while listening on loopback',
    kind: OUTBOUND,
    list: true,
  },
  denyOutbound: {
    flags: '--deny-outbound <pattern>',
    description:
      'where guests may not send HTTP requests; * means everywhere; the narrowest matching pattern decides',
    kind: OUTBOUND,
    list: true,
  },
  loggingPrefix: {
    flags: '--no-logging-prefix',
    description: "print the guest's output without `stdout [N] :: ` before each line",
    fallback: DEFAULTS.loggingPrefix,
  },
};

/** How guests run, and how much they may take. */
export const LIMITS: OptionRows<Limits> = {
  isolation: {
    flags: '--isolation <mode>',
    description:
      'request: reset the instance between requests; fresh: new instance each time (slower); reuse=N: keep state for N requests',
    kind: ISOLATION,
    fallback: DEFAULTS.isolation,
  },
  maxMemory: {
    flags: '--max-memory <size>',
    description: 'limit of all memories and tables of a guest together; growing beyond it fails',
    kind: MEMORY,
    fallback: DEFAULTS.maxMemory,
  },
  maxEachMemory: {
    flags: '--max-each-memory <size>',
    description: 'limit of each memory of a guest; default: --max-memory',
    kind: MEMORY,
  },
  allowWasmGc: {
    flags: '--allow-wasm-gc',
    description: 'run components with WasmGC types, whose objects --max-memory does not limit',
  },
  maxHostMemory: {
    flags: '--max-host-memory <size>',
    description:
      'what the host may hold for one guest outside its memories: bodies, headers, values, handles; a call that needs more fails',
    kind: HOST_MEMORY,
    fallback: DEFAULTS.maxHostMemory,
  },
  maxDescriptors: {
    flags: '--max-descriptors <n>',
    description: 'files and outgoing connections that one guest may have open',
    kind: count(...RANGES.maxDescriptors),
    fallback: DEFAULTS.maxDescriptors,
  },
  memoryBudget: {
    flags: '--memory-budget <size>',
    description:
      'memory of the whole process; near it requests wait, above it growing guests are ended, the largest first',
    kind: MEMORY_BUDGET,
    fallback: defaultMemoryBudget(),
    fallbackText: "3/4 of the container's or the machine's memory",
  },
  workers: {
    flags: '--workers <n>',
    description: 'threads that run guests, beside the one that serves connections; default: one per core',
    kind: count(...RANGES.workers),
  },
  maxWorkers: {
    flags: '--max-workers <n>',
    description:
      'maximum number of workers while CPU-bound guests occupy the others; default: the value of --workers',
    kind: count(...RANGES.workers),
  },
  queue: {
    flags: '--queue <n>',
    description: 'requests that may wait for a free guest; one more gets 503',
    kind: count(...RANGES.queue),
    fallback: DEFAULTS.queue,
  },
  timeout: {
    flags: '--timeout <duration>',
    description: 'time from a request until its response starts, waiting included; then 504',
    kind: DURATION,
    fallback: DEFAULTS.timeout,
  },
  streamIdle: {
    flags: '--stream-idle <duration>',
    description: 'longest silence within a response that has started',
    kind: DURATION,
    fallback: DEFAULTS.streamIdle,
  },
  cpuLimit: {
    flags: '--cpu-limit <duration>',
    description: 'CPU time of a guest for one request; then 504; default: none',
    kind: DURATION,
  },
  fuel: {
    flags: '--fuel <n>',
    description:
      'approximate number of instructions that a guest may execute for one request; then it traps, always at the same one; default: no limit',
    kind: count(...RANGES.fuel),
  },
  drain: {
    flags: '--drain <duration>',
    description: 'time for requests in flight to finish when the server is stopped',
    kind: DURATION,
    fallback: DEFAULTS.drain,
  },
};
