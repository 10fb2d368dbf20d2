import { CommanderError, InvalidArgumentError, Option, Command as Program } from 'commander';
import type { CliStreams, Command, CommandGroup } from './commands/command.ts';
import { exec } from './commands/exec.ts';
import { inspect } from './commands/inspect.ts';
import { kv } from './commands/kv/group.ts';
import { oneLine } from './commands/print.ts';
import { run } from './commands/run.ts';
import { serve } from './commands/serve.ts';
import { sessions } from './commands/sessions/group.ts';
import { stdio } from './commands/stdio.ts';
import { store } from './commands/store/group.ts';
import type { PrestartedWorkers } from './engine/main/prestarted-worker.ts';
import { WasmcpError } from './index.ts';
import { environmentFlags, environmentWarnings } from './options/environment.ts';
import { OPTIONS } from './options/table.ts';
import type { OptionAdjustment, OptionName, OptionValues } from './options/types.ts';
import { translate } from './options/wasmtime/translate.ts';
import { version } from './version.ts';

const COMMANDS: readonly Command[] = [serve, stdio, run, exec, inspect];
const GROUPS: readonly CommandGroup[] = [store, sessions, kv];

/** A command by its full name, with the options that it takes. */
export type CommandAbout = Pick<Command, 'name' | 'options' | 'adjusted'>;

/** For the reference of options. */
export const ABOUT_COMMANDS: readonly CommandAbout[] = [
  ...COMMANDS,
  ...GROUPS.flatMap(({ name, commands }) =>
    commands.map((command) => ({ ...command, name: `${name} ${command.name}` })),
  ),
];

const EXAMPLES = `
Examples:
  wasmcp-node serve server.wasm
  wasmcp-node stdio server.wasm
  wasmcp-node run tool.wasm --flag-of-the-tool
  wasmcp-node exec server.wasm -- node test.mjs
  wasmcp-node inspect server.wasm
  wasmcp-node store backup copy.db

Each option can be set in the environment as WASMCP_NODE_…; a flag overrides it.
Exit status: 0 stopped on request, 1 could not start or run, 2 wrong usage; run: the guest's; exec: the command's.`;

/** Runs one command line, without `node` and the script, and returns its exit status. */
export async function main(
  args: readonly string[],
  streams: CliStreams = process,
  prestartedWorkers?: PrestartedWorkers,
): Promise<number> {
  let status = 0;
  const program = new Program('wasmcp-node')
    .description('Serves composed WebAssembly MCP servers, with sessions that survive restarts.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .addHelpText('after', EXAMPLES);
  for (const command of COMMANDS) {
    const sub = program
      .command(command.name)
      .summary(command.summary)
      .description(command.summary)
      .argument('<component>', 'the composed .wasm file')
      .addHelpText('after', command.examples)
      .action(async (component: string, ...given: unknown[]) => {
        const rest = command.rest === undefined ? [] : (given[0] as string[]);
        const { options, warnings } = await translate(
          sub.opts<OptionValues>(),
          (name) => sub.getOptionValueSource(name) === 'cli',
        );
        for (const warning of warnings) streams.stderr.write(`warning: ${oneLine(warning)}\n`);
        status = await command.run(component, options, streams, rest, prestartedWorkers);
      });
    if (command.rest !== undefined) sub.argument('[args...]', command.rest.description);
    if (command.rest?.from === 'component') sub.passThroughOptions();
    for (const name of command.options) sub.addOption(toOption(name, command.adjusted?.[name]));
  }
  for (const group of GROUPS) {
    const shared = program.command(group.name).summary(group.summary).description(group.summary);
    for (const command of group.commands) {
      const wanted = command.arguments ?? [];
      const sub = shared
        .command(command.name)
        .summary(command.summary)
        .description(command.summary)
        .addHelpText('after', command.examples)
        .action(async (...given: unknown[]) => {
          const words = given.slice(0, wanted.length).filter((word) => word !== undefined) as string[];
          status = await command.run(sub.opts<OptionValues>(), streams, ...words);
        });
      for (const { name, description, optional } of wanted) {
        sub.argument(optional ? `[${name}]` : `<${name}>`, description);
      }
      for (const name of command.options) sub.addOption(toOption(name, command.adjusted?.[name]));
    }
  }
  for (const warning of environmentWarnings(process.env)) {
    streams.stderr.write(`warning: ${oneLine(warning)}\n`);
  }
  try {
    await program.parseAsync(withEnvironment(args), { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof WasmcpError)) throw error;
    streams.stderr.write(`error: ${error.message}\n`);
    return error.exitCode;
  }
}

function withEnvironment(args: readonly string[]): string[] {
  const [name, ...rest] = args;
  const group = GROUPS.find((known) => known.name === name);
  if (group !== undefined) {
    const [second, ...others] = rest;
    const sub = group.commands.find((known) => known.name === second);
    if (sub === undefined) return [...args];
    return [group.name, sub.name, ...environmentFlags(sub.options, process.env), ...others];
  }
  const command = COMMANDS.find((known) => known.name === name);
  if (command === undefined) return [...args];
  return [command.name, ...environmentFlags(command.options, process.env), ...rest];
}

function toOption(name: OptionName, adjustment: OptionAdjustment = {}): Option {
  const { flags, environment, parse, list, group, ...spec } = OPTIONS[name];
  const { description, fallback, fallbackText } = { ...spec, ...adjustment };
  const made = new Option(flags, `${description} (${environment[0]})`);
  const checked = (text: string): unknown => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof WasmcpError ? new InvalidArgumentError(error.message) : error;
    }
  };
  if (group !== undefined) made.helpGroup(group);
  if (list) made.argParser((text: string, given?: unknown[]) => [...(given ?? []), checked(text)]);
  else if (flags.includes('<')) made.argParser(checked);
  return fallback === undefined ? made : made.default(fallback, fallbackText);
}
