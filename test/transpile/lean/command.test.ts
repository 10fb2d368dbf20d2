import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, RUN_CALLS } from '../../component/fixtures.ts';
import { type Loaded, leanGlue, load, transpileRaw, transpileSync } from './component.ts';

const loaded: Record<string, Loaded> = {};

beforeAll(async () => {
  const bytes = await parse(COMMAND);
  const [raw, sync] = [await transpileRaw(bytes), await transpileSync(bytes)];
  loaded.raw = await load(raw, raw.glue);
  loaded.lean = await load(sync, leanGlue(sync));
});

/** What the guest's host functions were called with, and how it ended. */
async function run(kind: string, which: number, check: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const instance = loaded[kind]!.instantiate({
    'wasi:keyvalue/store@0.2.0-draft': { open: (name: string) => void seen.push(name), check },
    'test:host/sync@0.1.0': { which: () => which, take: (text: string) => void seen.push(text) },
  });
  try {
    seen.push(await instance['wasi:cli/run@0.2.6']!.run!());
  } catch (error) {
    seen.push(error instanceof Error ? 'trapped' : `failed with ${String(error)}`);
  }
  return seen;
}

const CHECKS: readonly (readonly [name: string, check: () => unknown])[] = [
  ['succeeds', () => undefined],
  ['answers with an error', () => ({ tag: 'err', val: undefined })],
  ['throws an error value', () => thrown({ payload: undefined })],
  ['throws a trap', () => thrown(new WebAssembly.RuntimeError('over'))],
  ['fails', () => thrown(new TypeError('a bug'))],
  ['succeeds later', () => Promise.resolve()],
  ['answers with an error later', () => Promise.resolve({ tag: 'err', val: undefined })],
  ['traps later', () => Promise.reject(new WebAssembly.RuntimeError('over'))],
];

function thrown(value: unknown): never {
  throw value;
}

describe.each(Object.entries(RUN_CALLS))('a command that calls %s', (_, which) => {
  test.each(CHECKS)('ends as with raw glue when the host %s', async (_name, check) => {
    expect(await run('lean', which, check)).toEqual(await run('raw', which, check));
  });
});

test('its result may be ok or an error', async () => {
  expect(await run('lean', RUN_CALLS.check, () => undefined)).toEqual([undefined]);
  expect(await run('lean', RUN_CALLS.check, () => thrown({ payload: undefined }))).toEqual([
    'failed with undefined',
  ]);
});
