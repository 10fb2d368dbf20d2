import { join } from 'node:path';
import { describe, test } from 'vitest';
import { changesConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { temporaryFolder } from '../../../support/command.ts';
import { remoteStore } from '../../../support/remote-store.ts';

const newUrl = (): string => `sqlite:${join(temporaryFolder(), 'store.db')}`;
const open = (url: string): Promise<Store> => openStore(url, { durability: 'process' });

describe('a store in memory', () => {
  async function open(): Promise<[Store, Store]> {
    const store = await openStore('memory:');
    return [store, store];
  }
  for (const { name, run } of changesConformance(open)) test(name, run, 60_000);
});

describe('a store in a file that two connections have open', () => {
  async function twice(): Promise<[Store, Store]> {
    const url = newUrl();
    return [await open(url), await open(url)];
  }
  for (const { name, run } of changesConformance(twice)) test(name, run, 60_000);
});

describe('a store in a file that another process writes', () => {
  async function withProcess(): Promise<[Store, Store]> {
    const url = newUrl();
    const here = await open(url);
    return [here, await remoteStore(url)];
  }
  // The other process cannot be followed through its messages.
  const tests = changesConformance(withProcess).filter(({ name }) => !name.includes('each of two followers'));
  for (const { name, run } of tests) test(name, run, 60_000);
});
