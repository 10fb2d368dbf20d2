import {
  always,
  eitherWay,
  flag,
  given,
  type Key,
  never,
  number,
  pair,
  value,
  within,
  without,
} from './key.ts';

/** Also for `-W component-model-async`, which accompanies `-S p3`. */
export const ONLY_0_2 = 'only components of WASI 0.2 are supported, not yet those of 0.3';

const OFFERED = 'it is always available; only a component that imports it can use it';
const SOCKETS = 'wasi:sockets refuses every call here; guests can send HTTP requests, see --allow-outbound';
const READ = 'a program always gets standard input; close it with < /dev/null';
const PRINTED = 'the output of guests is always printed; redirect it to /dev/null';
const HOST_LIMIT = 'the host has its own limits, which are fixed; see docs/limits.md';
const COMPONENTS = 'components do not use it, and only components are supported; leave it out';

const limit: Key = without(HOST_LIMIT, '=N', number);

/** Keys of `-S`, in the order of wasmtime's help. */
export const WASI_KEYS: Readonly<Record<string, Key>> = {
  cli: always(OFFERED),
  'cli-exit-with-code': always(OFFERED),
  common: always(OFFERED),
  nn: never('wasi:nn is not offered; a component that imports it does not start'),
  threads: never(COMPONENTS),
  http: always(OFFERED),
  'http-outgoing-body-buffer-chunks': within(
    'already so: bodies are buffered by size, not by number of writes',
    '=N',
    number,
  ),
  'http-outgoing-body-chunk-size': within('already so: a write may have any length', '=N', number),
  config: always(OFFERED),
  keyvalue: always(OFFERED),
  listenfd: never('no effect on components; `serve --systemd-listenfd` listens on the sockets of systemd'),
  tcplisten: without(COMPONENTS, '=val', given),
  tls: never('wasi:tls is not offered; a component that imports it does not start'),
  preview2: always(COMPONENTS),
  'nn-graph': without('wasi:nn is not offered; leave it out', '=<format>::<dir>', given),
  'inherit-network': never(SOCKETS),
  'allow-ip-name-lookup': never(SOCKETS),
  tcp: never(SOCKETS),
  udp: never(SOCKETS),
  'network-error-code': eitherWay('nothing to turn on: sockets are refused'),
  preview0: eitherWay('nothing to turn on: only components are supported'),
  'inherit-env': flag('`--inherit-env`', (inheritEnv) => ({ inheritEnv })),
  'inherit-stdin': always(READ),
  'inherit-stdout': always(PRINTED),
  'inherit-stderr': always(PRINTED),
  cwd: without('guests have no working directory; name directories with --dir HOST::GUEST', '=val', given),
  'config-var': value('=<name>=<val>', '`--config-var`', pair, (entry) => ({ configVar: [entry] })),
  'keyvalue-in-memory-data': value('=<name>=<val>', '`--preset`', pair, (entry) => ({ preset: [entry] })),
  p3: never(ONLY_0_2),
  'max-resources': limit,
  'hostcall-fuel': limit,
  'max-component-handles': limit,
  'max-random-size': limit,
  'max-http-fields-size': limit,
};
