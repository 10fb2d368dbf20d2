import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { osThread, ownThreadId } from '../../src/engine/os-thread.ts';
import { canStandAside, processorsOf } from '../support/processors.ts';

const SPIN = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { readlinkSync } = require('node:fs');
  parentPort.postMessage(Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
  setImmediate(() => { while (true); });
`;

test.runIf(process.platform === 'linux')('sees and slows one thread of this process alone', async () => {
  const worker = new Worker(SPIN, { eval: true });
  const [id] = (await once(worker, 'message')) as [number];
  const own = ownThreadId()!;
  expect(id).not.toBe(own);
  const thread = osThread(id);
  const before = thread.times();
  while (thread.times().busy < before.busy + 20);
  expect(before.waiting).toBeGreaterThanOrEqual(0);
  const usual = getPriority(own);
  thread.lower(false);
  expect([getPriority(id), getPriority(own)]).toEqual([Math.min(usual + 10, 19), usual]);
  thread.lower(true);
  expect([getPriority(id), getPriority(own)]).toEqual([19, usual]);
  const { raisable } = thread;
  expect(thread.raise()).toBe(raisable);
  expect(getPriority(id)).toBe(raisable ? usual : 19);
  await worker.terminate();
});

test.runIf(canStandAside)('keeps one thread off the first processor until it need not be', async () => {
  const worker = new Worker(SPIN, { eval: true });
  const [id] = (await once(worker, 'message')) as [number];
  const all = processorsOf(id);
  const thread = osThread(id);
  thread.standAside(true);
  thread.standAside(true);
  expect(processorsOf(id)).toBe(all & (all - 1n));
  expect(processorsOf(ownThreadId()!)).toBe(all);
  thread.standAside(false);
  thread.standAside(false);
  expect(processorsOf(id)).toBe(all);
  await worker.terminate();
});

test.runIf(process.platform === 'linux')(
  'a thread that has exited, or whose id is unknown, is ignored',
  async () => {
    const worker = new Worker(SPIN, { eval: true });
    const [id] = (await once(worker, 'message')) as [number];
    const thread = osThread(id);
    const { busy } = thread.times();
    await worker.terminate();
    expect(thread.times().busy).toBe(busy);
    thread.lower(true);
    thread.standAside(true);
    expect(thread.raise()).toBe(true);
  },
);

test('without information about threads, wall-clock time counts and priorities stay', () => {
  const thread = osThread(undefined);
  const before = thread.times();
  while (thread.times().busy < before.busy + 1);
  expect(thread.times().waiting).toBe(before.waiting);
  thread.lower(true);
  thread.standAside(true);
  expect(thread.raise()).toBe(true);
});
