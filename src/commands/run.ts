import { basename } from 'node:path';
import { preopenWarnings, WasmcpError } from '../../host/index.ts';
import { assertLinked } from '../component/link-check.ts';
import { linkWithHost } from '../component/link-with-host.ts';
import { runCommand } from '../engine/run/run-command.ts';
import { ownPaths } from '../loader/own-paths.ts';
import type { OptionValues } from '../options/types.ts';
import type { Command } from './command.ts';
import { guestEnvironment } from './guest-environment.ts';
import { load, reportLoad } from './load.ts';
import { oneLine, print } from './print.ts';
import { GUEST_OPTIONS, STORE_OPTIONS, settingsFiles, storeAccess } from './server-options.ts';

/** Exit status after a trap: that of a program that aborted, as in wasmtime. */
const TRAPPED = 128 + 6;

/** Runs the program in a component with the standard streams of this process, and exits with its status. */
export const run: Command = {
  name: 'run',
  summary: "run a component's wasi:cli/run with this shell's input and output",
  options: [...STORE_OPTIONS, ...GUEST_OPTIONS, 'cpuLimit', 'argv0', 'invoke', 'preload'],
  adjusted: {
    timeout: {
      description: 'time limit of the whole run; then it ends as after a trap',
      fallback: Number.POSITIVE_INFINITY,
      fallbackText: 'none',
    },
    cpuLimit: {
      description: 'CPU time of the whole run; then it ends as after a trap; default: none',
    },
    fuel: {
      description:
        'approximate number of instructions that the guest may execute; then it traps, always at the same one; default: no limit',
    },
  },
  rest: { description: 'arguments for the guest, options included', from: 'component' },
  examples: `
Examples:
  wasmcp-node run tool.wasm --verbose input.txt        options after the component are passed to the guest
  wasmcp-node run --dir . tool.wasm < input.txt > output.txt

Exit status: the guest's, 134 after a trap, 130 or 143 after a signal, 1 when it could not run, 2 wrong usage.`,

  async run(path, options, streams, args) {
    refuse(options);
    const component = await load(path, options);
    reportLoad(component, options.verbose ?? false, streams);
    // The following warnings are about running it.
    assertLinked(linkWithHost(component), 'wasi:cli/run');
    const { kind, reason } = component.glue;
    if (kind === 'raw') {
      streams.stderr.write(`warning: the component runs with jco's own glue, which is slower: ${reason}\n`);
    }
    const { stdin, stdout, stderr } = streams;
    const own = ownPaths(component, options.store, settingsFiles(options));
    for (const warning of preopenWarnings(options.dir ?? [], own)) stderr.write(`warning: ${warning}\n`);
    // What the guest knows to be written is on disk: there is nothing to wait for.
    const onInterrupt = (): never => process.exit(130);
    const onTerminate = (): never => process.exit(143);
    process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
    try {
      const end = await runCommand({
        component,
        args: [options.argv0 ?? basename(component.source), ...args],
        env: await guestEnvironment(options),
        config: Object.fromEntries(options.configVar ?? []),
        presets: options.preset ?? [],
        preopens: options.dir ?? [],
        protected: own,
        // The user of this command can reach services on this machine anyway.
        outgoing: { allow: options.allowOutbound ?? [], deny: options.denyOutbound ?? [], loopback: true },
        storeUrl: options.store,
        storeAccess: storeAccess(options),
        storeLimits: { maxValue: options.maxValue, ...(options.bucket && { buckets: options.bucket }) },
        maxHostMemory: options.maxHostMemory,
        timeout: options.timeout,
        fuel: options.fuel,
        cpu: options.cpuLimit,
        stdin,
        stdout,
        stderr,
        log: (level, context, message) =>
          void print(stderr, `${oneLine(`${level}: ${context}: ${message}`)}\n`),
      });
      if (end.kind === 'exited') return end.status;
      stderr.write(`error: ${end.message}\n`);
      return TRAPPED;
    } finally {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate);
    }
  },
};

/** Refuses options that would run another program than the one that was asked for. */
function refuse({ invoke, preload }: Pick<OptionValues, 'invoke' | 'preload'>): void {
  if (invoke !== undefined) {
    throw new WasmcpError(
      'option-invalid',
      `--invoke ${invoke} is not supported: only wasi:cli/run can be invoked; leave the option out for that`,
    );
  }
  if (preload !== undefined) {
    throw new WasmcpError(
      'option-invalid',
      '--preload is for core modules, but only components are supported',
    );
  }
}
