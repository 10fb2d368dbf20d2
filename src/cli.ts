import { CommanderError, InvalidArgumentError, Option, Command as Program } from 'commander';
import { WasmcpError } from '../host/index.ts';
import type { CliStreams, Command, CommandGroup, SubCommand } from './commands/command.ts';
import { oneLine, shellWord } from './commands/print.ts';
import { watchPrinted } from './commands/printed.ts';
import type { PrestartedWorker } from './engine/main/prestarted-worker.ts';
import { environmentFlags, environmentWarnings } from './options/environment.ts';
import { OPTIONS } from './options/table.ts';
import type { OptionAdjustment, OptionName, OptionValues } from './options/types.ts';
import { translate } from './options/wasmtime/translate.ts';
import { version } from './version.ts';

/** The code of a command is loaded only when it is used: most commands do not need the server. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  stdio: async () => (await import('./commands/stdio.ts')).stdio,
  run: async () => (await import('./commands/run.ts')).run,
  exec: async () => (await import('./commands/exec.ts')).exec,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
};
const GROUPS: Readonly<Record<string, () => Promise<CommandGroup>>> = {
  store: async () => (await import('./commands/store/group.ts')).store,
  sessions: async () => (await import('./commands/sessions/group.ts')).sessions,
  cache: async () => (await import('./commands/cache/group.ts')).cache,
  kv: async () => (await import('./commands/kv/group.ts')).kv,
};

/** Commands whose output is their guests' and a log: they end as these do, whatever becomes of it. */
const RUNNING: ReadonlySet<string> = new Set(['serve', 'stdio', 'run', 'exec']);

interface Known {
  readonly commands: readonly Command[];
  readonly groups: readonly CommandGroup[];
}

/** A command by its full name, with the options that it takes. */
export type CommandAbout = Pick<Command, 'name' | 'options' | 'adjusted'>;

/** For the reference of options. */
export async function describeCommands(): Promise<readonly CommandAbout[]> {
  const { commands, groups } = await loadCommands(undefined);
  return [
    ...commands,
    ...groups.flatMap((group) =>
      group.commands.map((command) => ({ ...command, name: `${group.name} ${command.name}` })),
    ),
  ];
}

/** The command or group of this name; all of them for any other word, so that help and suggestions are complete. */
async function loadCommands(name: string | undefined): Promise<Known> {
  const command = pick(COMMANDS, name);
  const group = pick(GROUPS, name);
  if (command !== undefined) return { commands: [await command()], groups: [] };
  if (group !== undefined) return { commands: [], groups: [await group()] };
  const [commands, groups] = await Promise.all([
    Promise.all(Object.values(COMMANDS).map((load) => load())),
    Promise.all(Object.values(GROUPS).map((load) => load())),
  ]);
  return { commands, groups };
}

function pick<T>(table: Readonly<Record<string, T>>, name: string | undefined): T | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

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
  prestartedWorker?: PrestartedWorker,
): Promise<number> {
  const printed = watchPrinted(streams);
  const status = await runLine(args, streams, prestartedWorker);
  if (status !== 0 || RUNNING.has(args[0] ?? '')) return status;
  const problem = await printed.problem();
  if (problem === undefined) return 0;
  streams.stderr.write(`error: ${problem}\n`);
  return 1;
}

async function runLine(
  args: readonly string[],
  streams: CliStreams,
  prestartedWorker: PrestartedWorker | undefined,
): Promise<number> {
  let status = 0;
  const known = await loadCommands(args[0]);
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
  for (const command of known.commands) {
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
        status = await command.run(component, options, streams, rest, prestartedWorker);
      });
    if (command.rest !== undefined) sub.argument('[args...]', command.rest.description);
    if (command.rest?.from === 'component') sub.passThroughOptions();
    for (const name of command.options) sub.addOption(toOption(name, command.adjusted?.[name]));
  }
  for (const group of known.groups) {
    const shared = program.command(group.name).summary(group.summary).description(group.summary);
    for (const command of group.commands) {
      const wanted = command.arguments ?? [];
      const sub = shared
        .command(command.name)
        .aliases(command.aliases ?? [])
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
  const wrong = misnamed(args, known);
  if (wrong !== undefined) {
    streams.stderr.write(wrong);
    return 2;
  }
  try {
    await program.parseAsync(withEnvironment(args, known), { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof WasmcpError)) throw error;
    streams.stderr.write(`error: ${error.message}\n`);
    return error.exitCode;
  }
}

function isCalled({ name, aliases = [] }: SubCommand, word: string | undefined): boolean {
  return word !== undefined && (name === word || aliases.includes(word));
}

/** For words that are nothing like the command that was meant, which is what commander would suggest. */
function misnamed([first = '', second = '']: readonly string[], { groups }: Known): string | undefined {
  if (first.endsWith('.wasm')) return unknown(first, `serve ${shellWord(first)}`);
  const { meant = {} } = groups.find(({ name }) => name === first) ?? {};
  return Object.hasOwn(meant, second) ? unknown(second, meant[second]!) : undefined;
}

function unknown(word: string, meant: string): string {
  return `error: unknown command '${oneLine(word)}'\n(Did you mean ${meant}?)\n`;
}

function withEnvironment(args: readonly string[], { commands, groups }: Known): string[] {
  const [name, ...rest] = args;
  const group = groups.find((known) => known.name === name);
  if (group !== undefined) {
    const [second, ...others] = rest;
    const sub = group.commands.find((known) => isCalled(known, second));
    if (sub === undefined) return [...args];
    return [group.name, sub.name, ...environmentFlags(sub.options, process.env, others), ...others];
  }
  const command = commands.find((known) => known.name === name);
  if (command === undefined) return [...args];
  return [command.name, ...environmentFlags(command.options, process.env, rest), ...rest];
}

function toOption(name: OptionName, adjustment: OptionAdjustment = {}): Option {
  const { flags, environment, parse, list, overridden, group, ...spec } = OPTIONS[name];
  const { description, fallback, fallbackText } = { ...spec, ...adjustment };
  const decided = fallback === undefined && fallbackText !== undefined ? ` (default: ${fallbackText})` : '';
  const made = new Option(flags, `${description} (${environment[0]})${decided}`);
  // Two commands may have an option of the same flag with another meaning.
  if (name === 'sessionState') made.attributeName = () => name;
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
