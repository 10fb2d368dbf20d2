import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { WasmcpError } from '../../../host/error.ts';
import type { DurabilityGate, Pass, Release } from '../../../host/keyvalue/durability-gate.ts';
import { connectGate, serveGate } from '../../../host/keyvalue/durability-gate-rpc.ts';

let waiting: Release[];
let released: string[];
let pass: Pass;
let near: MessageChannel['port2'];
let asked: Promise<unknown>;

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  waiting = [];
  released = [];
  near = port2;
  const gate: DurabilityGate = {
    syncs: 0,
    pass: (release) => waiting.push(release),
    fail() {},
    async close() {},
  };
  serveGate(gate, port1);
  asked = once(port1, 'message');
  pass = connectGate(port2);
  onTestFinished(() => port1.close());
});

function leave(name: string): void {
  pass((failure) => released.push(failure === undefined ? name : `${name}: ${failure.code}`));
}

test('each call is released when the gate releases it, in order', async () => {
  leave('a');
  leave('b');
  await asked;
  await new Promise(setImmediate);
  expect([waiting.length, released]).toEqual([2, []]);
  waiting[0]!();
  await once(near, 'message');
  expect(released).toEqual(['a']);
  waiting[1]!();
  await once(near, 'message');
  expect(released).toEqual(['a', 'b']);
});

test('a gate that fails releases with its failure', async () => {
  leave('a');
  await asked;
  waiting[0]!(new WasmcpError('store-broken', 'no disk'));
  await once(near, 'message');
  expect(released).toEqual(['a: store-broken']);
});

test('after the port is closed nothing leaves', async () => {
  leave('a');
  near.close();
  await once(near, 'close');
  leave('b');
  expect(released).toEqual(['a: store-closed', 'b: store-closed']);
});
