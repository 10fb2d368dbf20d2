import { expect, test } from 'vitest';
import { OPTIONS } from '../../src/options/table.ts';

const specs = Object.entries(OPTIONS);

test('each flag and each name in the environment belongs to one option', () => {
  const flags = specs.flatMap(([, { flags }]) => flags.match(/(?<![\w-])--?[\w-]+/g) ?? []);
  const variables = specs.flatMap(([, { environment }]) => environment);
  expect(flags.length).toBeGreaterThan(specs.length);
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables.filter((name) => !name.startsWith('WASMCP_'))).toEqual([]);
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
