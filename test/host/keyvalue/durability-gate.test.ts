import { beforeEach, expect, test } from 'vitest';
import { WasmcpError } from '../../../host/error.ts';
import { createGate, type DurabilityGate } from '../../../host/keyvalue/durability-gate.ts';

/** A store whose commits and ends of syncs the test controls. */
let committed: bigint;
let syncs: ((failure?: WasmcpError) => void)[];
let broken: WasmcpError[];
let released: string[];
let gate: DurabilityGate;

beforeEach(() => {
  committed = 1n;
  syncs = [];
  broken = [];
  released = [];
  gate = createGate({
    version: () => committed,
    sync: (done) => syncs.push(done),
    broken: (failure) => broken.push(failure),
    close: () => released.push('closed'),
  });
});

const failure = new WasmcpError('store-broken', 'no disk');

/** One message of a worker that depends on everything committed so far. */
async function arrive(name: string): Promise<void> {
  await Promise.resolve();
  gate.pass((reason) => released.push(reason === undefined ? name : `${name}: ${reason.code}`));
}

async function commit(): Promise<void> {
  await Promise.resolve();
  committed += 1n;
}

test('the first call waits: commits of an earlier process may not be on disk', async () => {
  await arrive('a');
  expect([released, syncs.length]).toEqual([[], 1]);
  syncs[0]!();
  expect(released).toEqual(['a']);
});

test('without commits since the last sync there is no wait and no sync', async () => {
  await arrive('a');
  syncs[0]!();
  await arrive('b');
  expect([released, syncs.length]).toEqual([['a', 'b'], 1]);
});

test('a sync does not cover a commit after its start', async () => {
  await arrive('a');
  await commit();
  await arrive('b');
  await arrive('c');
  expect(syncs.length).toBe(1);
  syncs[0]!();
  expect([released, syncs.length]).toEqual([['a'], 2]);
  syncs[1]!();
  expect(released).toEqual(['a', 'b', 'c']);
});

test('a call that depends on no newer commit is released with the running sync', async () => {
  await arrive('a');
  await arrive('b');
  syncs[0]!();
  expect([released, syncs.length]).toEqual([['a', 'b'], 1]);
});

test('calls never overtake each other', async () => {
  await arrive('head');
  await commit();
  await arrive('chunk');
  syncs[0]!();
  await arrive('end');
  expect(released).toEqual(['head']);
  syncs[1]!();
  expect(released).toEqual(['head', 'chunk', 'end']);
});

test('after a failed sync nothing leaves, and no sync is retried', async () => {
  await arrive('a');
  await commit();
  await arrive('b');
  syncs[0]!(failure);
  await arrive('c');
  expect(released).toEqual(['a: store-broken', 'b: store-broken', 'c: store-broken']);
  expect([broken, syncs.length]).toEqual([[failure], 1]);
});

test('a sync that succeeds after the gate has failed releases nothing', async () => {
  await arrive('a');
  gate.fail(failure);
  syncs[0]!();
  await arrive('b');
  expect(released).toEqual(['a: store-broken', 'b: store-broken']);
  expect(broken).toEqual([failure]);
});

test('a store whose version cannot be read holds everything back', async () => {
  gate = createGate({
    version: () => {
      throw failure;
    },
    sync: (done) => syncs.push(done),
    broken: (reason) => broken.push(reason),
    close: () => {},
  });
  await arrive('a');
  expect([released, broken, syncs.length]).toEqual([['a: store-broken'], [failure], 0]);
});

test('closing waits for pending calls', async () => {
  await arrive('a');
  await commit();
  await arrive('b');
  const closed = Promise.all([gate.close(), gate.close()]);
  syncs[0]!();
  syncs[1]!();
  await closed;
  expect(released).toEqual(['a', 'b', 'closed']);
  await arrive('c');
  expect(released.at(-1)).toBe('c: store-closed');
});
