import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { cachedDataVersionTag } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectRarely, createCollect } from '../../../src/process/memory/collect.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test('what is asked for again within the interval is collected once, at its end', () => {
  const times: number[] = [];
  const collect = collectRarely(() => times.push(performance.now()), 1000);
  const start = performance.now();
  collect();
  collect();
  vi.advanceTimersByTime(100);
  collect();
  collect();
  vi.advanceTimersByTime(5000);
  collect();
  vi.advanceTimersByTime(1);
  expect(times.map((time) => time - start)).toEqual([0, 1000, 5100]);
});

test('compiled code from before a collection is still accepted after it', () => {
  const before = cachedDataVersionTag();
  createCollect()();
  expect(cachedDataVersionTag()).toBe(before);
});

test('a process that was started with --expose-gc has gc in later contexts, others do not', async () => {
  const script = `
    import { runInNewContext } from 'node:vm';
    import { createCollect } from ${JSON.stringify(new URL('../../../src/process/memory/collect.ts', import.meta.url))};
    createCollect()();
    process.stdout.write(runInNewContext('typeof gc'));`;
  const typeOf = async (...flags: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', script])).stdout;
  expect(await typeOf('--expose-gc')).toBe('function');
  expect(await typeOf()).toBe('undefined');
});

test('threads that collect for the first time at the same moment do not keep each other from it', async () => {
  const [threads, rounds] = [4, 30];
  const script = `
    const { workerData } = require('node:worker_threads');
    const arrived = new Int32Array(workerData);
    import(${JSON.stringify(new URL('../../../src/process/memory/collect.ts', import.meta.url))}).then(({ createCollect }) => {
      for (let round = 1; round <= ${rounds}; round += 1) {
        Atomics.add(arrived, 0, 1);
        while (Atomics.load(arrived, 0) < round * ${threads});
        createCollect()();
      }
    });`;
  const memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workers = Array.from(
    { length: threads },
    () => new Worker(script, { eval: true, workerData: memory }),
  );
  const ends = workers.map(async (worker) => (await once(worker, 'exit'))[0]);
  try {
    expect(await Promise.all(ends)).toEqual(Array(threads).fill(0));
  } finally {
    // The others of a thread that has died wait for it forever.
    for (const worker of workers) void worker.terminate();
  }
});
