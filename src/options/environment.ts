import { OPTIONS, type OptionName } from './table.ts';

const PREFIX = 'WASMCP_NODE_';
/** Names of earlier releases, which work for one more: what they are called now. */
const FORMER: Readonly<Record<string, string>> = { WASMCP_NODE_ENV: 'WASMCP_NODE_GUEST_ENV' };
/** A name with more differences is not the one that was meant. */
const NEAR = 4;

/** The flags that the environment stands for, as command-line words; flags given later win over them. */
export function environmentFlags(names: readonly OptionName[], environment: NodeJS.ProcessEnv): string[] {
  return names.flatMap((name) => {
    const spec = OPTIONS[name];
    const former = Object.keys(FORMER).filter((variable) => spec.environment.includes(FORMER[variable]!));
    const text = [...spec.environment, ...former]
      .map((variable) => environment[variable])
      .find((value) => value);
    if (text === undefined) return [];
    const flag = /--[\w-]+/.exec(spec.flags)![0];
    if (!spec.flags.includes('<')) return ['1', 'true', 'yes'].includes(text) ? [flag] : [];
    return (spec.list ? text.split(',') : [text]).map((value) => `${flag}=${value}`);
  });
}

/** What is odd about variables that begin as ours do: one that no command reads, or that has another name now. */
export function environmentWarnings(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(OPTIONS).flatMap((spec) => spec.environment));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && environment[name] !== '')
    .map((name) => {
      const now = FORMER[name];
      if (now !== undefined) return `${name} is called ${now} now; the next release will not read it`;
      const meant = nearest(name, known);
      return `${name} is no option's variable${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

function nearest(name: string, known: Iterable<string>): string | undefined {
  const ranked = [...known].map((one) => ({ one, distance: distance(name, one) }));
  const [first] = ranked.toSorted((a, b) => a.distance - b.distance);
  return first !== undefined && first.distance < NEAR ? first.one : undefined;
}

/** How many characters have to be put in, taken out or replaced to make one text of the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
    }
    row = next;
  }
  return row[to.length]!;
}
