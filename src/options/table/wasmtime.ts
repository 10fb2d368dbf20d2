import { ADDRESS, count } from '../kinds.ts';
import type { Kind, OptionRows, Setting, WasmtimeValues } from '../types.ts';
import { type GroupName, parseGroup } from '../wasmtime/groups.ts';
import { parseHeaders } from '../wasmtime/headers.ts';
import { duration } from '../wasmtime/key.ts';

const GROUP = 'As in wasmtime:';
const NO_EFFECT = 'no effect; a warning says so';
const ANY_COUNT: Kind<number> = count(0, Number.MAX_SAFE_INTEGER);

/** Options of `wasmtime serve` and `wasmtime run` that exist here only so that their command lines work. */
export const WASMTIME: OptionRows<keyof WasmtimeValues> = {
  wasi: {
    flags: '-S, --wasi <keys>',
    description: 'what guests may use, such as inherit-env,config-var=K=V,keyvalue-in-memory-data=K=V',
    kind: settings('wasi'),
    list: true,
    group: GROUP,
  },
  wasm: {
    flags: '-W, --wasm <keys>',
    description: 'limits of guests, such as timeout=5s,max-memory-size=100000000',
    kind: settings('wasm'),
    list: true,
    group: GROUP,
  },
  optimize: {
    flags: '-O, --optimize <keys>',
    description: NO_EFFECT,
    kind: settings('optimize'),
    list: true,
    group: GROUP,
  },
  codegen: {
    flags: '-C, --codegen <keys>',
    description: NO_EFFECT,
    kind: settings('codegen'),
    list: true,
    group: GROUP,
  },
  debug: {
    flags: '-D, --debug <keys>',
    description: NO_EFFECT,
    kind: settings('debug'),
    list: true,
    group: GROUP,
  },
  record: {
    flags: '-R, --record <keys>',
    description: NO_EFFECT,
    kind: settings('record'),
    list: true,
    group: GROUP,
  },
  config: {
    flags: '--config <file>',
    description: 'a TOML file of such keys; flags win over it',
    group: GROUP,
  },
  target: {
    flags: '--target <target>',
    description: NO_EFFECT,
    group: GROUP,
  },
  allowPrecompiled: {
    flags: '--allow-precompiled',
    description: NO_EFFECT,
    group: GROUP,
  },
  profile: {
    flags: '--profile <strategy>',
    description: NO_EFFECT,
    group: GROUP,
  },
  header: {
    flags: '-H, --header <header>',
    description:
      'a header, name: value, that replaces the one of the same name in each request; @file reads one per line',
    kind: { parse: parseHeaders },
    list: true,
    group: GROUP,
  },
  shutdownAddr: {
    flags: '--shutdown-addr <host:port>',
    description: 'a connection to this address stops the server as a signal does',
    kind: ADDRESS,
    group: GROUP,
  },
  maxInstanceReuseCount: {
    flags: '--max-instance-reuse-count <n>',
    description: 'requests per instance; more than 1 means --isolation reuse=N',
    kind: ANY_COUNT,
    group: GROUP,
  },
  maxInstanceConcurrentReuseCount: {
    flags: '--max-instance-concurrent-reuse-count <n>',
    description: 'no effect on components of WASI 0.2',
    kind: ANY_COUNT,
    group: GROUP,
  },
  idleInstanceTimeout: {
    flags: '--idle-instance-timeout <duration>',
    description: 'no effect; a warning says so when instances are reused',
    kind: { parse: duration },
    group: GROUP,
  },
  maxConcurrentRequests: {
    flags: '--max-concurrent-requests <n>',
    description: 'requests that guests handle at the same time; others wait (--queue)',
    kind: count(1, Number.MAX_SAFE_INTEGER),
    group: GROUP,
  },
  maxConcurrentConnections: {
    flags: '--max-concurrent-connections <n>',
    description: 'as --max-connections',
    kind: count(1, Number.MAX_SAFE_INTEGER),
    group: GROUP,
  },
  argv0: {
    flags: '--argv0 <name>',
    description: "the guest's own name among its arguments; default: the component's file name",
    group: GROUP,
  },
  invoke: {
    flags: '--invoke <function>',
    description: 'refused: only wasi:cli/run can be invoked',
    group: GROUP,
  },
  preload: {
    flags: '--preload <name=path>',
    description: 'refused: components contain their modules',
    list: true,
    group: GROUP,
  },
};

function settings(group: GroupName): Kind<Setting[]> {
  return { parse: parseGroup(group) };
}
