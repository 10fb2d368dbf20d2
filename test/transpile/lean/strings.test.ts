import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { buildGlue } from '../../../src/transpile/lean/build.ts';
import { temporaryFolder } from '../../support/command.ts';
import { WASMTIME } from '../../support/wasmtime.ts';
import { load, transpileRaw, transpileSync } from './component.ts';
import { type Encoding, encode, type MemoryReader, passing, sum } from './string-guests.ts';

type Outcome = 'the same' | 'another' | 'trap';

const text = (unit: string, times: number, end = ''): [string, number, string] => [unit, times, end];
/** Strings as they are, in either encoding. */
const TEXTS: readonly (readonly [title: string, text: [string, number, string]])[] = [
  ['nothing', text('a', 0)],
  ['one letter', text('a', 1)],
  ['a byte-order mark', text('\ufeff', 1, 'a')],
  ['NUL', text('\0', 3)],
  ['two bytes each', text('é', 8193)],
  ['three bytes each', text('€', 21_847)],
  ['pairs of surrogates', text('😀', 8192)],
  ['pairs of surrogates, each across a border', text('😀', 20_000, 'a')],
  ['one letter more than a piece', text('a', 8193)],
  ['half a million characters', text('a', 500_001)],
  ['two million', text('b€', 600_000)],
];
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const A = bytes(0x61);
const A16 = bytes(0x61, 0);
/** Not a string in its encoding. */
const INVALID: readonly (readonly [title: string, from: Encoding, contents: MemoryReader])[] = [
  ['a lone byte of a sequence', 'utf8', { unit: A, times: 9, end: bytes(0x80) }],
  ['a sequence that is cut off', 'utf8', { unit: A, times: 8191, end: bytes(0xe2, 0x82) }],
  ['a sequence that is longer than it has to be', 'utf8', { unit: A, times: 1, end: bytes(0xc0, 0x80) }],
  ['a surrogate in UTF-8', 'utf8', { unit: A, times: 1, end: bytes(0xed, 0xa0, 0x80) }],
  ['a character behind the last', 'utf8', { unit: A, times: 1, end: bytes(0xf4, 0x90, 0x80, 0x80) }],
  ['the first half of a pair at the end', 'utf16', { unit: A16, times: 8191, end: bytes(0x00, 0xd8) }],
  ['the first half of a pair', 'utf16', { unit: A16, times: 1, end: bytes(0x00, 0xd8, 0x61, 0) }],
  ['the second half of a pair', 'utf16', { unit: A16, times: 0, end: bytes(0x00, 0xdc) }],
  ['a pair the wrong way round', 'utf16', { unit: A16, times: 70_000, end: bytes(0x00, 0xdc, 0x00, 0xd8) }],
];
/** The one that is left out, from UTF-16 to UTF-16, jco cannot do. */
const WAYS: readonly (readonly [Encoding, Encoding])[] = [
  ['utf8', 'utf8'],
  ['utf8', 'utf16'],
  ['utf16', 'utf8'],
];

async function outcomeOf(kind: 'lean' | 'raw', component: Uint8Array): Promise<Outcome> {
  const transpiled = await (kind === 'lean' ? transpileSync(component) : transpileRaw(component));
  const built = kind === 'lean' && buildGlue(transpiled.glue, { suspending: [], exports: [] });
  const glue = built ? built.kind === 'lean' && built.source : transpiled.glue;
  if (!glue) throw new Error('there is no lean glue');
  const { instantiate } = await load(transpiled, glue);
  try {
    await instantiate({})['wasi:cli/run@0.2.6']!.run!();
    return 'the same';
  } catch (error) {
    return error === undefined ? 'another' : 'trap';
  }
}

/** What wasmtime says of it, where it is given. */
function expectSameByWasmtime(component: Uint8Array, outcome: Outcome): void {
  if (WASMTIME === undefined) return;
  const file = join(temporaryFolder(), 'guest.wasm');
  writeFileSync(file, component);
  const { status, stderr } = spawnSync(WASMTIME, ['run', file], { encoding: 'utf8' });
  const theirs = status === 0 ? 'the same' : stderr.includes('wasm backtrace') ? 'trap' : 'another';
  expect(theirs, stderr).toBe(outcome);
}

describe.each(WAYS)('a string from a component in %s to one in %s', (from, to) => {
  // jco's own glue is used where the two are not the same.
  const kinds = from === to ? (['lean', 'raw'] as const) : (['raw'] as const);

  test.each(TEXTS)('%s', async (_, [unit, times, end]) => {
    const contents = { unit: encode(unit, from), times, end: encode(end, from) };
    const reaches = encode(unit.repeat(times) + end, to);
    const component = await parse(passing(from, to, contents, sum(reaches)));
    for (const kind of kinds) expect(await outcomeOf(kind, component), kind).toBe('the same');
    const other = await parse(passing(from, to, contents, sum(reaches) + 1));
    expect(await outcomeOf(kinds[0], other)).toBe('another');
    expectSameByWasmtime(component, 'the same');
  });

  test.each(INVALID.filter((one) => one[1] === from))('traps for %s', async (_, __, contents) => {
    const component = await parse(passing(from, to, contents, 0));
    for (const kind of kinds) expect(await outcomeOf(kind, component), kind).toBe('trap');
    expectSameByWasmtime(component, 'trap');
  });
});
