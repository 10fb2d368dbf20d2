import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Setting } from '../../../src/options/types.ts';
import { readConfigFile } from '../../../src/options/wasmtime/config-file.ts';
import { temporaryFolder } from '../../support/command.ts';

function read(...lines: readonly string[]): Promise<Setting[]> {
  const path = join(temporaryFolder(), 'wasmtime.toml');
  writeFileSync(path, lines.join('\n'));
  return readConfigFile(path);
}

function changes(settings: readonly Setting[]): unknown[] {
  return settings.map(({ name, meaning }) => [name, meaning]);
}

describe('a value in the file means what it means on the command line', () => {
  test.each([
    ['a duration', '[wasm]\ntimeout = { secs = 1, nanos = 500_000_000 }', { timeout: 1500 }],
    ['a duration in a table of its own', '[wasm.timeout]\nsecs = 2', { timeout: 2000 }],
    ['a number with separators', '[ wasm ] # of guests\nmax-memory-size = 1_000_000', { maxEachMemory: 1e6 }],
    ['a hexadecimal number', '[wasm]\nmax-memory-size = 0x100000', { maxEachMemory: 1_048_576 }],
    ['a boolean, after CRLF', '[wasi]\r\ninherit-env=true\r\n', { inheritEnv: true }],
    ['a string', '[wasi]\ninherit-env = "n" # a "comment"', { inheritEnv: false }],
    ['a literal string', "[wasi]\nconfig-var = 'a=C:\\x#y'", { configVar: [['a', 'C:\\x#y']] }],
    ['a string of several lines', '[wasi]\nconfig-var = """a=\\\n  b"""', { configVar: [['a', 'b']] }],
    ['a dotted key', 'wasi.inherit-env = true', { inheritEnv: true }],
  ])('%s', async (_, text, expected) => {
    expect((await read(text)).map(({ meaning }) => meaning)).toEqual([{ changes: expected }]);
  });

  test('a list, over several lines', async () => {
    const settings = await read('[wasi]', 'config-var = [', '  "a=b",', "  'c=d',", ']');
    expect(changes(settings)).toEqual([
      ['-S config-var', { changes: { configVar: [['a', 'b']] } }],
      ['-S config-var', { changes: { configVar: [['c', 'd']] } }],
    ]);
    expect(await read('[wasi]', 'config-var = []')).toEqual([]);
  });
});

test('a key in no table that wasmtime knows is a warning, whatever its values are', async () => {
  expect(changes(await read('fuel = 1', '[cli]', 'env = { a = 1.5 }'))).toEqual([
    ['fuel', { warning: 'it is in no table, such as [wasi]' }],
    ['[cli] env', { warning: 'no such table in wasmtime 48' }],
  ]);
});

test.each(['key', '[wasm', 'a = 1 2', 'a = [1 2]', 'a = "open', "a = 'open", 'timeout = {', 'a = 1\na = 2'])(
  'a line that is not TOML is named: %s',
  async (text) => {
    const line = 1 + text.split('\n').length;
    await expect(read('[wasm]', text)).rejects.toThrow(
      new RegExp(`^--config .*wasmtime\\.toml cannot be used: line ${line} is not valid TOML: [^\n]+$`),
    );
  },
);

test.each([
  'fuel = 1.5',
  'fuel = 1.0',
  'fuel = 2026-01-01',
  'fuel = [[1]]',
  'timeout = { secs = 1.5 }',
  'timeout = { seconds = 1 }',
  'timeout = { secs = 1, minutes = 1 }',
])('a value that no command line could give is refused, with its key: %s', async (line) => {
  const key = line.split(' ')[0];
  await expect(read('[wasm]', line)).rejects.toThrow(`cannot be used: [wasm] ${key}: write a string`);
});
