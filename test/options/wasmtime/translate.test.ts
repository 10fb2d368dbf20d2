import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OptionName, OptionValues } from '../../../src/options/types.ts';
import { parseGroup } from '../../../src/options/wasmtime/groups.ts';
import { translate } from '../../../src/options/wasmtime/translate.ts';
import { temporaryFolder } from '../../support/command.ts';

function translated(values: Partial<OptionValues>, given: readonly OptionName[] = []) {
  return translate(values as OptionValues, (name) => given.includes(name));
}

const wasi = parseGroup('wasi');
const wasm = parseGroup('wasm');

describe('of several values of one key', () => {
  test('the last one counts, and the others cause no warning', async () => {
    const { options, warnings } = await translated({
      wasm: [wasm('timeout=1,simd=n'), wasm('timeout=250ms,simd')],
      wasi: [wasi('=inherit-env,nn'), wasi('inherit-env=no,nn=n')],
    });
    expect(options).toMatchObject({ timeout: 250, inheritEnv: false });
    expect(warnings).toEqual([]);
  });

  test('entries accumulate; the last one of a name wins, and ours over wasmtime’s', async () => {
    const { options } = await translated({
      wasi: [wasi('config-var=a=1,config-var=b=1'), wasi('config-var=a=2,keyvalue-in-memory-data=k')],
      configVar: [['b', 'ours']],
    });
    expect(Object.fromEntries(options.configVar!)).toEqual({ a: '2', b: 'ours' });
    expect(options.preset).toEqual([['k', '']]);
  });

  test('the command line wins over the file', async () => {
    const config = join(temporaryFolder(), 'wasmtime.toml');
    writeFileSync(config, '[wasm]\ntimeout = { secs = 9 }\nmax-memory-size = 0x100000\n[cli]\nenv = "x"\n');
    const { options, warnings } = await translated({ config, wasm: [wasm('timeout=2')] });
    expect(options).toMatchObject({ timeout: 2000, maxEachMemory: 1_048_576 });
    expect(warnings).toEqual(['[cli] env: no such table in wasmtime 48']);
  });
});

test('an equal option of ours is not a contradiction', async () => {
  const same = await translated({ wasm: [wasm('timeout=5s')], timeout: 5000 }, ['timeout']);
  expect(same.warnings).toEqual([]);
  const other = await translated({ wasm: [wasm('timeout=5s')], timeout: 6000 }, ['timeout']);
  expect(other.options.timeout).toBe(6000);
  expect(other.warnings).toEqual([
    '-W timeout: --timeout is given too and takes precedence; leave one of them out',
  ]);
});

test('fuel sets our option', async () => {
  expect((await translated({ wasm: [wasm('fuel=1_000')] })).options.fuel).toBe(1000);
  expect((await translated({ wasm: [wasm('fuel=0xffffffffffffffff')] })).options.fuel).toBe(2 ** 52);
});

test('the limit of each memory does not replace the limit of all of them', async () => {
  const less = await translated({ wasm: [wasm('max-memory-size=1048576')], maxMemory: 2 ** 30 });
  expect(less.options).toMatchObject({ maxEachMemory: 2 ** 20, maxMemory: 2 ** 30 });
  expect(less.warnings).toEqual([]);
  const more = await translated({ wasm: [wasm('max-memory-size=2147483648')], maxMemory: 2 ** 30 });
  expect(more.options.maxMemory).toBe(2 ** 30);
  expect(more.warnings).toEqual([
    '-W max-memory-size: --max-memory, the limit of all memories of a guest together, is lower; raise it as well',
  ]);
});

test('garbage collection is allowed as in wasmtime', async () => {
  expect((await translated({ wasm: [wasm('gc')] })).options.allowWasmGc).toBe(true);
  expect((await translated({ wasm: [wasm('gc=n')] })).options.allowWasmGc).toBe(false);
});

test('values outside of the range of a timer or a memory are clamped', async () => {
  const most = await translated({ wasm: [wasm('timeout=99999999999,max-memory-size=99999999999')] });
  expect(most.options).toMatchObject({ timeout: 2 ** 31 - 1, maxEachMemory: 4 * 1024 ** 3 });
  const least = await translated({ wasm: [wasm('timeout=1ns,max-memory-size=0')] });
  expect(least.options).toMatchObject({ timeout: 1, maxEachMemory: 65_536 });
});

test('an unusable file is refused, with its name', async () => {
  const config = join(temporaryFolder(), 'wasmtime.toml');
  await expect(translated({ config })).rejects.toThrow(`--config ${config} cannot be used: ENOENT`);
  writeFileSync(config, '[wasi]\ncli = "perhaps"\n');
  await expect(translated({ config })).rejects.toThrow('-S cli: Write y or n');
});
