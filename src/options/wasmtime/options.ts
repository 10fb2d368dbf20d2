import type { Address } from '../parse.ts';
import { parseAddress, parseCount } from '../parse.ts';
import type { OptionSpec } from '../table.ts';
import { parseGroup, type Setting } from './groups.ts';
import { parseHeaders } from './headers.ts';
import { duration } from './key.ts';

/** Options of `wasmtime serve` and `wasmtime run` that are not options here anyway, so that their command lines work. */
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

const GROUP = 'As in wasmtime:';
const anyCount: (text: string) => number = parseCount(0, Number.MAX_SAFE_INTEGER);

/** Part of the table of options. */
export const WASMTIME_OPTIONS: { readonly [N in keyof WasmtimeValues]-?: OptionSpec } = {
  wasi: {
    flags: '-S, --wasi <keys>',
    environment: ['WASMCP_NODE_WASI'],
    description: 'what guests may use, such as inherit-env,config-var=K=V,keyvalue-in-memory-data=K=V',
    parse: parseGroup('wasi'),
    list: true,
    group: GROUP,
  },
  wasm: {
    flags: '-W, --wasm <keys>',
    environment: ['WASMCP_NODE_WASM'],
    description: 'limits of guests, such as timeout=5s,max-memory-size=100000000',
    parse: parseGroup('wasm'),
    list: true,
    group: GROUP,
  },
  optimize: {
    flags: '-O, --optimize <keys>',
    environment: ['WASMCP_NODE_OPTIMIZE'],
    description: 'no effect, a warning says so',
    parse: parseGroup('optimize'),
    list: true,
    group: GROUP,
  },
  codegen: {
    flags: '-C, --codegen <keys>',
    environment: ['WASMCP_NODE_CODEGEN'],
    description: 'no effect, a warning says so',
    parse: parseGroup('codegen'),
    list: true,
    group: GROUP,
  },
  debug: {
    flags: '-D, --debug <keys>',
    environment: ['WASMCP_NODE_DEBUG'],
    description: 'no effect, a warning says so',
    parse: parseGroup('debug'),
    list: true,
    group: GROUP,
  },
  record: {
    flags: '-R, --record <keys>',
    environment: ['WASMCP_NODE_RECORD'],
    description: 'no effect, a warning says so',
    parse: parseGroup('record'),
    list: true,
    group: GROUP,
  },
  config: {
    flags: '--config <file>',
    environment: ['WASMCP_NODE_CONFIG'],
    description: 'a TOML file of such keys; flags win over it',
    group: GROUP,
  },
  target: {
    flags: '--target <target>',
    environment: ['WASMCP_NODE_TARGET'],
    description: 'no effect, a warning says so',
    group: GROUP,
  },
  allowPrecompiled: {
    flags: '--allow-precompiled',
    environment: ['WASMCP_NODE_ALLOW_PRECOMPILED'],
    description: 'no effect, a warning says so',
    group: GROUP,
  },
  profile: {
    flags: '--profile <strategy>',
    environment: ['WASMCP_NODE_PROFILE'],
    description: 'no effect, a warning says so',
    group: GROUP,
  },
  header: {
    flags: '-H, --header <header>',
    environment: ['WASMCP_NODE_HEADER'],
    description: 'name: value, which each request gets in place of its own; @file for one a line',
    parse: parseHeaders,
    list: true,
    group: GROUP,
  },
  shutdownAddr: {
    flags: '--shutdown-addr <host:port>',
    environment: ['WASMCP_NODE_SHUTDOWN_ADDR'],
    description: 'a connection there stops the server as a signal does',
    parse: parseAddress,
    group: GROUP,
  },
  maxInstanceReuseCount: {
    flags: '--max-instance-reuse-count <n>',
    environment: ['WASMCP_NODE_MAX_INSTANCE_REUSE_COUNT'],
    description: 'requests that an instance serves; more than 1 is --isolation reuse=N',
    parse: anyCount,
    group: GROUP,
  },
  maxInstanceConcurrentReuseCount: {
    flags: '--max-instance-concurrent-reuse-count <n>',
    environment: ['WASMCP_NODE_MAX_INSTANCE_CONCURRENT_REUSE_COUNT'],
    description: 'no effect on components of WASI 0.2',
    parse: anyCount,
    group: GROUP,
  },
  idleInstanceTimeout: {
    flags: '--idle-instance-timeout <duration>',
    environment: ['WASMCP_NODE_IDLE_INSTANCE_TIMEOUT'],
    description: 'no effect; a warning says so where instances are reused',
    parse: duration,
    group: GROUP,
  },
  maxConcurrentRequests: {
    flags: '--max-concurrent-requests <n>',
    environment: ['WASMCP_NODE_MAX_CONCURRENT_REQUESTS'],
    description: 'requests that guests work on at a time; others wait (--queue)',
    parse: parseCount(1, Number.MAX_SAFE_INTEGER),
    group: GROUP,
  },
  maxConcurrentConnections: {
    flags: '--max-concurrent-connections <n>',
    environment: ['WASMCP_NODE_MAX_CONCURRENT_CONNECTIONS'],
    description: 'as --max-connections',
    parse: parseCount(1, Number.MAX_SAFE_INTEGER),
    group: GROUP,
  },
  argv0: {
    flags: '--argv0 <name>',
    environment: ['WASMCP_NODE_ARGV0'],
    description: "the guest's own name among its arguments; default: the component's file name",
    group: GROUP,
  },
  invoke: {
    flags: '--invoke <function>',
    environment: ['WASMCP_NODE_INVOKE'],
    description: 'refused: a component is run by wasi:cli/run alone',
    group: GROUP,
  },
  preload: {
    flags: '--preload <name=path>',
    environment: ['WASMCP_NODE_PRELOAD'],
    description: 'refused: components have their modules inside',
    list: true,
    group: GROUP,
  },
};
