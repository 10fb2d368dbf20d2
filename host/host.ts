import * as check from './check-options.ts';
import { cliInterfaces } from './cli/interfaces.ts';
import { clocksInterfaces } from './clocks/interfaces.ts';
import { configInterfaces } from './config/interfaces.ts';
import { filesystemInterfaces } from './filesystem/interfaces.ts';
import { httpInterfaces } from './http/interfaces.ts';
import type { MakeInterface } from './interfaces.ts';
import { ioInterfaces } from './io/interfaces.ts';
import { keyvalueInterfaces } from './keyvalue/interfaces.ts';
import { loggingInterfaces } from './logging/interfaces.ts';
import type { Host, HostOptions, Implementation } from './options.ts';
import { randomInterfaces } from './random/interfaces.ts';
import { socketsInterfaces } from './sockets/interfaces.ts';

const CHECKS: check.OptionChecks<HostOptions> = {
  env: check.dictionary,
  args: check.texts,
  config: check.dictionary,
  preopens: check.folders,
  protected: check.paths,
  store: check.object,
  outgoing: check.object,
  pass: check.callback,
  log: check.callback,
};

/** Patch versions of WASI 0.2 only add functions: one implementation serves them all. */
const PATCH_VERSION = /(?<=@0\.2)\.\d+$/;

/**
 * Creates what guests may import: WASI 0.2 in any patch version, and exact versions of drafts (`wasi:keyvalue`, `wasi:config`,
 * `wasi:logging`). Guests get no network access but what `outgoing` allows, and no files but those below `preopens`.
 *
 * @throws TypeError for an invalid option
 * @throws WasmcpError `directory-unusable` if a preopened folder does not exist or is protected
 */
export function createHost(options: HostOptions = {}): Host {
  check.checkOptions('createHost', options, CHECKS);
  const interfaces = allInterfaces(options);
  return {
    bind(guest, io) {
      const made = new Map<string, Implementation>();
      return (name, shape = {}) => {
        const key = name.replace(PATCH_VERSION, '');
        const known = made.get(key);
        if (known !== undefined) return known;
        const implementation = interfaces.get(key)?.(guest, io, shape);
        if (implementation !== undefined) made.set(key, implementation);
        return implementation;
      };
    },
  };
}

function allInterfaces(options: HostOptions): ReadonlyMap<string, MakeInterface> {
  return new Map(
    Object.entries({
      ...ioInterfaces,
      ...httpInterfaces(options),
      ...clocksInterfaces,
      ...randomInterfaces(),
      ...cliInterfaces(options),
      ...filesystemInterfaces(options),
      ...socketsInterfaces,
      ...configInterfaces(options),
      ...loggingInterfaces(options),
      ...keyvalueInterfaces(options.store),
    }),
  );
}
