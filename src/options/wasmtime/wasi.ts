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

/** Also of `-W component-model-async`, which stands beside `-S p3`. */
export const ONLY_0_2 = 'components of WASI 0.2 are run, not yet those of 0.3';

const OFFERED = 'it is offered all the same; only a component that imports it can use it';
const SOCKETS = 'wasi:sockets refuses everything here; guests send HTTP requests, see --allow-outbound';
const READ = 'a program that is run reads its input all the same; close it by < /dev/null';
const PRINTED = 'what guests print is printed all the same; send it to /dev/null';
const HOST_LIMIT = 'the host has limits of its own, which cannot be set; see docs/limits.md';
const COMPONENTS = 'only components are run, which have no use for it; leave it out';

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
    'so anyway: bodies are buffered by their bytes, however many writes they come in',
    '=N',
    number,
  ),
  'http-outgoing-body-chunk-size': within('so anyway: a write may have any length', '=N', number),
  config: always(OFFERED),
  keyvalue: always(OFFERED),
  listenfd: never(COMPONENTS),
  tcplisten: without(COMPONENTS, '=val', given),
  tls: never('wasi:tls is not offered; a component that imports it does not start'),
  preview2: always(COMPONENTS),
  'nn-graph': without('wasi:nn is not offered; leave it out', '=<format>::<dir>', given),
  'inherit-network': never(SOCKETS),
  'allow-ip-name-lookup': never(SOCKETS),
  tcp: never(SOCKETS),
  udp: never(SOCKETS),
  'network-error-code': eitherWay('nothing to turn on: sockets are refused'),
  preview0: eitherWay('nothing to turn on: only components are run'),
  'inherit-env': flag('`--inherit-env`', (inheritEnv) => ({ inheritEnv })),
  'inherit-stdin': always(READ),
  'inherit-stdout': always(PRINTED),
  'inherit-stderr': always(PRINTED),
  cwd: without('guests are told no working directory; name folders by --dir HOST::GUEST', '=val', given),
  'config-var': value('=<name>=<val>', '`--config-var`', pair, (entry) => ({ configVar: [entry] })),
  'keyvalue-in-memory-data': value('=<name>=<val>', '`--preset`', pair, (entry) => ({ preset: [entry] })),
  p3: never(ONLY_0_2),
  'max-resources': limit,
  'hostcall-fuel': limit,
  'max-component-handles': limit,
  'max-random-size': limit,
  'max-http-fields-size': limit,
};
