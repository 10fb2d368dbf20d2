import type { CommandAbout } from '../src/cli.ts';
import { OPTIONS, type OptionName, type OptionSpec } from '../src/options/table.ts';
import { GROUPS } from '../src/options/wasmtime/groups.ts';

/** `docs/options.md`, from the one table of options and the lists of the commands. */
export function optionsReference(commands: readonly CommandAbout[]): string {
  const names = Object.keys(OPTIONS) as OptionName[];
  const ours = names.filter((name) => OPTIONS[name].group === undefined);
  const wasmtimes = names.filter((name) => OPTIONS[name].group !== undefined);
  const keys = Object.values(GROUPS).map(({ flag, keys }) =>
    [
      `### Keys of \`${flag}\``,
      table(
        ['key', 'here'],
        Object.entries(keys).map(([key, { form, summary }]) => [`\`${key}${form}\``, summary]),
      ),
    ].join('\n\n'),
  );
  return `${[
    '# Options',
    'Made by `npm run docs:options` from the table of options in `src/options`: what `wasmcp-node COMMAND --help` says, of all commands.',
    'A flag wins over its name in the environment. Where an option may be repeated, its name in the environment takes a list with commas. Durations read `500ms`, `30s`, `5m`, `1h`, plain numbers are seconds; sizes read `64KiB`, `10MB`, plain numbers are bytes.',
    table(
      HEAD,
      ours.map((name) => row(name, commands)),
    ),
    '## As in wasmtime',
    'Options of `wasmtime serve` and `wasmtime run` (48) that are none of the above. With these their command lines work as they are: each option has its meaning, or one warning on stderr names it and what to do instead; see [from wasmtime](from-wasmtime.md).',
    table(
      HEAD,
      wasmtimes.map((name) => row(name, commands)),
    ),
    '`-S`, `-W`, `-O`, `-C`, `-D` and `-R` take keys, with commas between them. `n`, `no` and `false` turn a key off that has `[=y|n]`. Of several values of a key the last one counts. A key that is not listed here gets a warning; a value that its key does not take ends the start with exit status 2, as in wasmtime.',
    ...keys,
  ].join('\n\n')}\n`;
}

const HEAD = ['option', 'default', 'meaning', 'in the environment', 'commands'];

function row(name: OptionName, commands: readonly CommandAbout[]): string[] {
  const spec = OPTIONS[name];
  const takers = commands.filter(({ options }) => options.includes(name));
  return [
    `\`${spec.flags}\`${spec.list ? ', repeatable' : ''}`,
    shownDefault(spec),
    [spec.description, ...unique(takers.flatMap((taker) => differences(name, taker)))].join('; '),
    spec.environment.map((variable) => `\`${variable}\``).join(', '),
    unique(takers.map((taker) => firstWord(taker.name))).join(', '),
  ];
}

function shownDefault({
  flags,
  fallback,
  fallbackText,
}: Pick<OptionSpec, 'flags' | 'fallback' | 'fallbackText'>): string {
  if (flags.startsWith('--no-')) return '';
  return fallbackText ?? (fallback === undefined ? '' : `\`${String(fallback)}\``);
}

/** What the option means for this command alone. */
function differences(name: OptionName, { name: command, adjusted }: CommandAbout): string[] {
  const adjustment = adjusted?.[name];
  if (adjustment === undefined) return [];
  const { description, fallbackText } = adjustment;
  const parts = [description, fallbackText === undefined ? undefined : `default ${fallbackText}`];
  return [`\`${firstWord(command)}\`: ${parts.filter((part) => part !== undefined).join(', ')}`];
}

/** Commands of a group are told of together. */
function firstWord(command: string): string {
  return command.split(' ')[0]!;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** With its columns aligned, as the formatter wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((texts) => texts.map((text) => text.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((texts) => texts[column]!.length)));
  const line = (texts: readonly string[], filler = ' '): string =>
    `| ${widths.map((width, column) => (texts[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), line([], '-'), ...others.map((texts) => line(texts))].join('\n');
}
