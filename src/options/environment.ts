import { nearest } from '../../host/index.ts';
import { longFlag, OPTIONS } from './table.ts';
import type { OptionName, OptionSpec } from './types.ts';

const PREFIX = 'WASMCP_NODE_';
/** Names from earlier releases, which work for one more release, with their current names. */
const FORMER: Readonly<Record<string, string>> = { WASMCP_NODE_ENV: 'WASMCP_NODE_GUEST_ENV' };

/** The options set in the environment, as command-line words; `words`, which follow, override them. */
export function environmentFlags(
  names: readonly OptionName[],
  environment: NodeJS.ProcessEnv,
  words: readonly string[],
): string[] {
  return names.flatMap((name) => {
    const spec = OPTIONS[name];
    if (spec.overridden && isGiven(longFlag(spec.flags), words)) return [];
    const former = Object.keys(FORMER).filter((variable) => spec.environment.includes(FORMER[variable]!));
    const text = [...spec.environment, ...former]
      .map((variable) => environment[variable])
      .find((value) => value);
    if (text === undefined) return [];
    const flag = longFlag(spec.flags);
    if (isSwitch(spec)) return ON.includes(text) ? [flag] : [];
    return (spec.list ? text.split(',') : [text]).map((value) => `${flag}=${value}`);
  });
}

const ON: readonly string[] = ['1', 'true', 'yes'];
const OFF: readonly string[] = ['0', 'false', 'no', ''];

/** Whether the option takes no value. */
function isSwitch({ flags }: OptionSpec): boolean {
  return !flags.includes('<');
}

function isGiven(flag: string, words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  return own.some((word) => word === flag || word.startsWith(`${flag}=`));
}

/** Warns of variables with our prefix that are unknown or have been renamed, and of switches that are neither on nor off. */
export function environmentWarnings(environment: NodeJS.ProcessEnv): string[] {
  const specs = Object.values(OPTIONS);
  const known = new Set(specs.flatMap((spec) => spec.environment));
  const switches = specs.filter(isSwitch).flatMap((spec) => spec.environment);
  const unclear = switches
    .filter((name) => ![...ON, ...OFF, undefined].includes(environment[name]))
    .map((name) => `${name} is neither on nor off, so it is ignored: write 1 or 0`);
  return [...unclear, ...unknownNames(environment, known)];
}

function unknownNames(environment: NodeJS.ProcessEnv, known: ReadonlySet<string>): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && environment[name] !== '')
    .map((name) => {
      const now = FORMER[name];
      if (now !== undefined) return `${name} is now called ${now}; the next release will ignore it`;
      const meant = nearest(name, known);
      return `${name} is not the variable of an option${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}
