import { expect, test } from 'vitest';
import { parseToml } from '../../../src/options/wasmtime/toml.ts';

test('tables, strings, numbers, booleans, lists and durations', () => {
  const text = `
# a comment
[wasm]
timeout = { secs = 1, nanos = 500_0 } # not a number in TOML's own way
`;
  expect(() => parseToml(text)).toThrow('line 4 is not read');
  const read = parseToml(
    [
      '[ wasm ] # of guests',
      'timeout = { secs = 1, nanos = 500000000 }',
      'max-memory-size = 1_000_000',
      'simd=true',
      '[optimize]\r',
      'opt-level = "s" # a "string"',
      '[debug]',
      "coredump = 'C:\\x#y'",
      'arg = ["a, b", \'c\', 3,]',
      'arg = []',
    ].join('\n'),
  );
  expect(read).toEqual([
    { table: 'wasm', key: 'timeout', values: ['1500000000ns'] },
    { table: 'wasm', key: 'max-memory-size', values: ['1_000_000'] },
    { table: 'wasm', key: 'simd', values: ['true'] },
    { table: 'optimize', key: 'opt-level', values: ['s'] },
    { table: 'debug', key: 'coredump', values: ['C:\\x#y'] },
    { table: 'debug', key: 'arg', values: ['a, b', 'c', '3'] },
    { table: 'debug', key: 'arg', values: [] },
  ]);
});

test.each(['key', '[wasm', 'a = 1 2', 'a = [1 2]', 'a = "open', 'a = """', 'a.b = 1', '[[wasm]]'])(
  'what it does not read it refuses, with its line: %s',
  (line) => {
    expect(() => parseToml(`\n${line}`)).toThrow('line 2 is not read');
  },
);
