import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDescriptors } from '../../../host/index.ts';
import {
  createDescriptorLedger,
  descriptorTotal,
  shareDescriptors,
} from '../../../src/process/limits/descriptors.ts';
import { limitWarnings } from '../../../src/process/limits/warnings.ts';
import { temporaryFolder } from '../../support/command.ts';
import { listen } from '../../support/serving.ts';

describe('the descriptors of the process', () => {
  test('suffice for all if the limit is high', () => {
    const shares = shareDescriptors({ files: 20_000, workers: 2, connections: 1000, guest: 256 });
    expect([shares.connections, shares.guest]).toEqual([1000, 256]);
    expect(shares.guests + shares.connections).toBeLessThan(20_000 - 200);
  });

  test('are divided if the limit is low, and the server keeps what it needs', () => {
    const shares = shareDescriptors({ files: 1024, workers: 2, connections: 1000, guest: 256 });
    expect(shares.connections + shares.guests).toBeLessThanOrEqual(1024 - 64 - 180);
    expect(shares.connections).toBeGreaterThan(500);
    expect(shares.guest).toBe(Math.floor(shares.guests / 4));
  });

  test('are counted over all workers, and released when a worker exits', () => {
    const ledger = createDescriptorLedger(4);
    const [lost, kept] = [ledger.open(), ledger.open()];
    const guests = [lost, kept].map((memory) => createDescriptors(3, descriptorTotal(memory)));
    expect([1, 2, 3, 4].map(() => guests[0]!.take())).toEqual([true, true, true, false]);
    expect([1, 2].map(() => guests[1]!.take())).toEqual([true, false]);
    ledger.close(lost);
    expect([1, 2, 3].map(() => guests[1]!.take())).toEqual([true, true, false]);
  });
});

test('system limits that are too low are reported with a remedy', () => {
  const shares = shareDescriptors({ files: 1024, workers: 2, connections: 1000, guest: 256 });
  const needs = { workers: 2, memories: 8, connections: 1000, shares };
  const limits = { files: 1024, processes: 10, addressSpace: 16 * 1024 ** 3 };
  expect(limitWarnings(limits, needs)).toEqual([
    expect.stringMatching(/may open 1024 files \(ulimit -n\).*raise the limit to \d+$/),
    expect.stringMatching(/limited to 16 GiB \(ulimit -v\).*use ulimit -v unlimited/),
    expect.stringMatching(/10 processes and threads \(ulimit -u\)/),
  ]);
  const none = { files: 20_000, processes: 1e6, addressSpace: Number.POSITIVE_INFINITY };
  const wide = shareDescriptors({ files: 20_000, workers: 2, connections: 1000, guest: 256 });
  expect(limitWarnings(none, { ...needs, shares: wide })).toEqual([]);
});

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

test('one guest can open a limited number of files, and all are closed with its request', async () => {
  const folder = temporaryFolder();
  const { url } = await listen('hostile', {
    directories: [{ host: folder, guest: '/' }],
    maxDescriptors: 20,
    workers: 1,
  });
  for (let n = 0; n < 3; n++) {
    expect(await text(`${url}/open-files?n=500&ms=0`)).toMatch(/^(19|20) open: .*OutOfMemory/);
    expect(await text(`${url}/append-files?n=500`)).toMatch(/^\d+ kept$/);
  }
});

test('connections count as well, but not those that are refused before they connect', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const to = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const { url } = await listen('hostile', { maxDescriptors: 10, workers: 1 });
  for (let n = 0; n < 3; n++) {
    expect(await text(`${url}/connections?to=${to}&n=30&ms=0`)).toMatch(/ConnectionLimitReached/);
    expect(await text(`${url}/connections?to=${to}&n=8&ms=0`)).toBe('all');
    expect(await text(`${url}/connections?to=a%20b&n=1&ms=0`)).not.toBe('all');
  }
});
