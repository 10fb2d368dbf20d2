import * as check from './check-options.ts';
import { environment } from './cli/environment.ts';
import { exit } from './cli/exit.ts';
import { stderr, stdin, stdout } from './cli/stdio.ts';
import {
  terminalInput,
  terminalOutput,
  terminalStderr,
  terminalStdin,
  terminalStdout,
} from './cli/terminal.ts';
import { monotonicClock } from './clocks/monotonic-clock.ts';
import { wallClock } from './clocks/wall-clock.ts';
import { configStore } from './config/store.ts';
import { ownFiles } from './filesystem/own-files.ts';
import { openPreopens, preopens } from './filesystem/preopens.ts';
import { filesystemTypes } from './filesystem/types.ts';
import type { Guest } from './guest.ts';
import { httpTypes } from './http/interfaces.ts';
import { outgoingHandler } from './http/outgoing/handler.ts';
import { ioError, ioPoll, ioStreams } from './io/interfaces.ts';
import { keyvalueInterfaces } from './keyvalue/interfaces.ts';
import { logging } from './logging/logging.ts';
import type { GuestIo, Host, HostOptions, Implementation, InterfaceShape } from './options.ts';
import { createRandom } from './random/random.ts';
import { sockets } from './sockets/sockets.ts';

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

type Make = (guest: Guest, io: GuestIo, shape: InterfaceShape) => Implementation;

/** Patch versions of WASI 0.2 only add to each other: one implementation serves them all. */
const PATCH_VERSION = /(?<=@0\.2)\.\d+$/;

/**
 * What guests may call: WASI 0.2 in any patch version, and exact versions of drafts (`wasi:keyvalue`, `wasi:config`,
 * `wasi:logging`). No network but what `outgoing` allows; no files but those below `preopens`.
 *
 * @throws WasmcpError `directory-unusable`
 */
export function createHost(options: HostOptions = {}): Host {
  check.checkOptions('createHost', options, CHECKS);
  const offers = interfaces(options);
  return {
    bind(guest, io) {
      const made = new Map<string, Implementation>();
      return (name, shape = {}) => {
        const key = name.replace(PATCH_VERSION, '');
        const known = made.get(key);
        if (known !== undefined) return known;
        const implementation = offers.get(key)?.(guest, io, shape);
        if (implementation !== undefined) made.set(key, implementation);
        return implementation;
      };
    },
  };
}

/** By full name, less the patch version of WASI 0.2. */
function interfaces(options: HostOptions): ReadonlyMap<string, Make> {
  const folders = openPreopens(options.preopens ?? [], options.protected ?? []);
  const own = ownFiles(options.protected ?? []);
  const same =
    (implementation: Implementation): Make =>
    () =>
      implementation;
  const { random, insecure, insecureSeed } = createRandom();
  const config = same(configStore(options.config ?? {}));
  return new Map<string, Make>([
    ['wasi:io/error@0.2', same(ioError)],
    ['wasi:io/poll@0.2', same(ioPoll)],
    ['wasi:io/streams@0.2', same(ioStreams)],
    ['wasi:http/types@0.2', httpTypes],
    ['wasi:http/outgoing-handler@0.2', (guest) => outgoingHandler(guest, options)],
    ['wasi:clocks/monotonic-clock@0.2', monotonicClock],
    ['wasi:clocks/wall-clock@0.2', same(wallClock)],
    ['wasi:random/random@0.2', random],
    ['wasi:random/insecure@0.2', insecure],
    ['wasi:random/insecure-seed@0.2', insecureSeed],
    ['wasi:cli/environment@0.2', same(environment(options))],
    ['wasi:cli/exit@0.2', same(exit)],
    ['wasi:cli/stdin@0.2', stdin],
    ['wasi:cli/stdout@0.2', stdout],
    ['wasi:cli/stderr@0.2', stderr],
    ['wasi:cli/terminal-input@0.2', same(terminalInput)],
    ['wasi:cli/terminal-output@0.2', same(terminalOutput)],
    ['wasi:cli/terminal-stdin@0.2', same(terminalStdin)],
    ['wasi:cli/terminal-stdout@0.2', same(terminalStdout)],
    ['wasi:cli/terminal-stderr@0.2', same(terminalStderr)],
    ['wasi:filesystem/types@0.2', same(filesystemTypes)],
    ['wasi:filesystem/preopens@0.2', (guest) => preopens(guest, folders, own)],
    ...Object.entries(sockets).map(([name, offer]): [string, Make] => [
      `wasi:sockets/${name}@0.2`,
      same(offer),
    ]),
    ['wasi:config/store@0.2.0-draft-2024-09-27', config],
    ['wasi:config/store@0.2.0-rc.1', config],
    ['wasi:logging/logging@0.1.0-draft', (guest) => logging(guest, options.log)],
    ...keyvalueInterfaces(options.store).map(([name, make]): [string, Make] => [
      name,
      (guest, _io, shape) => make(guest, shape),
    ]),
  ]);
}
