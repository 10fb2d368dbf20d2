import { expect, test } from 'vitest';
import { describeCommands } from '../../src/cli.ts';
import { OPTIONS } from '../../src/options/table.ts';

const specs = Object.entries(OPTIONS);

const flagsOf = (flags: string): string[] => flags.match(/(?<![\w-])--?[\w-]+/g) ?? [];

test('each name in the environment, and each flag of a command, belongs to one option', async () => {
  const variables = specs.flatMap(([, { environment }]) => environment);
  expect(variables.length).toBeGreaterThanOrEqual(specs.length);
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables.filter((name) => !name.startsWith('WASMCP_'))).toEqual([]);
  for (const { name, options } of await describeCommands()) {
    const flags = options.flatMap((option) => flagsOf(OPTIONS[option].flags));
    expect(flags.length, name).toBeGreaterThan(0);
    expect(new Set(flags).size, name).toBe(flags.length);
  }
});

const shown = specs.filter(
  ([, { fallback, fallbackText }]) => fallback !== undefined && fallbackText !== undefined,
);

test.each(shown.filter(([name]) => name !== 'workers' && name !== 'memoryBudget'))(
  'the default that help shows of %s can be given to it',
  (_, { fallback, fallbackText, parse }) => {
    expect(parse(fallbackText!)).toEqual(fallback);
  },
);
