import { nearest } from '../../host/index.ts';
import { longFlag, OPTIONS } from './table.ts';
import type { OptionName } from './types.ts';

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
    if (!spec.flags.includes('<')) return ['1', 'true', 'yes'].includes(text) ? [flag] : [];
    return (spec.list ? text.split(',') : [text]).map((value) => `${flag}=${value}`);
  });
}

function isGiven(flag: string, words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  return own.some((word) => word === flag || word.startsWith(`${flag}=`));
}

/** Warns of variables with our prefix that are unknown or have been renamed. */
export function environmentWarnings(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(OPTIONS).flatMap((spec) => spec.environment));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && environment[name] !== '')
    .map((name) => {
      const now = FORMER[name];
      if (now !== undefined) return `${name} is now called ${now}; the next release will ignore it`;
      const meant = nearest(name, known);
      return `${name} is not the variable of an option${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}
