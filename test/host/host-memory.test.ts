import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Descriptor } from '../../host/filesystem/descriptor.ts';
import type { DirectoryEntryStream } from '../../host/filesystem/directory-entry-stream.ts';
import { Fields } from '../../host/http/fields.ts';
import { checked, type Guest, openStore } from '../../host/index.ts';
import type { Draft2 } from '../../host/keyvalue/draft2.ts';
import { guestOf, MIB } from './guest-of.ts';
import { bytes, thrown } from './streams.ts';

const LIMIT = /the limit is \d+ \(--max-host-memory\)/;

test('all header fields of a guest together have a limit of their own, below --max-host-memory', () => {
  const { guest } = guestOf(100 * MIB);
  const value = new Uint8Array(100_000).fill(0x61);
  const full = (): Fields => {
    const fields = new Fields(guest);
    fields.append('x', value);
    return fields;
  };
  const kept = Array.from({ length: 41 }, full);
  expect(full).toThrow('the header fields of the guest would take 4218186 bytes, the limit is 4194304');
  const used = guest.budget.used;
  kept[0]![Symbol.dispose]();
  kept[1]!.delete('x');
  expect(guest.budget.used).toBe(used - 2 * 100_433);
  full();
  kept[2]!.clone();
  expect(full).toThrow(WebAssembly.RuntimeError);
  guest.budget.reset();
  full();
});

describe('wasi:keyvalue', () => {
  async function keyvalue(limit: number): Promise<{ guest: Guest } & Draft2> {
    const store = await openStore('memory:');
    onTestFinished(() => void store.close());
    const { guest, bind } = guestOf(limit, { store: checked(store) });
    const part = <N extends keyof Draft2>(name: N): Draft2[N] =>
      bind(`wasi:keyvalue/${name}@0.2.0-draft2`, { getMany: 'pairs' }) as unknown as Draft2[N];
    return { guest, store: part('store'), batch: part('batch'), atomics: part('atomics') };
  }

  test('cas handles on large values fail at the limit, and release their bytes', async () => {
    const { guest, store, atomics } = await keyvalue(20 * MIB);
    const bucket = store.open('');
    await bucket.set('large', new Uint8Array(4 * MIB));
    const { Cas } = atomics;
    const handles = await Promise.all([1, 2, 3, 4].map(() => Cas.new(bucket, 'large')));
    expect(thrown(() => Cas.new(bucket, 'large'))).toEqual({
      tag: 'other',
      val: expect.stringMatching(LIMIT),
    });
    await atomics.swap(handles[0]!, bytes('small'));
    expect(guest.budget.used).toBeLessThan(13 * MIB);
    expect((await Cas.new(bucket, 'large')).current()).toEqual(bytes('small'));
    for (const handle of handles) handle[Symbol.dispose]();
    handles[1]![Symbol.dispose]();
    expect(guest.budget.used).toBeLessThan(100);
  });

  test('a failed swap returns no handle if that exceeds the budget', async () => {
    const { store, atomics } = await keyvalue(10 * MIB);
    const bucket = store.open('');
    await bucket.set('key', bytes('before'));
    const handle = await atomics.Cas.new(bucket, 'key');
    await bucket.set('key', new Uint8Array(12 * MIB));
    expect(thrown(() => atomics.swap(handle, bytes('after')))).toEqual({
      tag: 'store-error',
      val: { tag: 'other', val: expect.stringMatching(LIMIT) },
    });
  });

  test('get-many of too many keys fails before the store is read', async () => {
    const { guest, store, batch } = await keyvalue(MIB);
    const bucket = store.open('');
    expect(await batch.getMany(bucket, Array(1000).fill(''))).toHaveLength(1000);
    expect(thrown(() => batch.getMany(bucket, Array(10_000).fill('')))).toEqual({
      tag: 'other',
      val: expect.stringMatching(LIMIT),
    });
    expect(guest.budget.used).toBe(0);
  });
});

test('random bytes beyond the budget trap, and are never held', () => {
  const { guest, bind } = guestOf(MIB);
  const random = bind('wasi:random/random@0.2.0') as { getRandomBytes(length: bigint): Uint8Array };
  expect(() => random.getRandomBytes(BigInt(2 * MIB))).toThrow(LIMIT);
  for (let n = 0; n < 3; n += 1) random.getRandomBytes(BigInt(MIB / 2));
  expect(guest.budget.used).toBe(0);
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-memory-'));
    for (let n = 0; n < 300; n += 1) writeFileSync(join(folder, `file-${n}`), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function root(limit: number): { guest: Guest; directory: Descriptor } {
    const { guest, bind } = guestOf(limit, { preopens: [{ host: folder, guest: '/' }] });
    const preopens = bind('wasi:filesystem/preopens@0.2.0') as { getDirectories(): [Descriptor, string][] };
    return { guest, directory: preopens.getDirectories()[0]![0] };
  }

  function names(entries: DirectoryEntryStream): string[] {
    const read: string[] = [];
    for (let next = entries.readDirectoryEntry(); next; next = entries.readDirectoryEntry())
      read.push(next.name);
    return read;
  }

  test('of a folder are charged until the stream is dropped', () => {
    const { guest, directory } = root(100_000);
    const entries = directory.readDirectory();
    expect(guest.budget.used).toBeGreaterThan(60_000);
    expect(thrown(() => directory.readDirectory())).toBe('insufficient-memory');
    const found = names(entries);
    expect(found).toHaveLength(300);
    expect(found).toEqual(found.toSorted());
    entries[Symbol.dispose]();
    entries[Symbol.dispose]();
    expect(guest.budget.used).toBe(0);
    directory.readDirectory();
  });

  test.skipIf(process.platform !== 'linux')(
    'have descriptors of the guest’s share while they are open',
    () => {
      const { guest, directory } = root(100 * MIB);
      const open = (): Descriptor => directory.openAt({}, '.', { directory: true }, { read: true });
      const [first] = Array.from({ length: 256 }, open);
      expect(thrown(open)).toBe('insufficient-memory');
      first![Symbol.dispose]();
      open();
      expect(thrown(open)).toBe('insufficient-memory');
      guest.release();
      expect(guest.descriptors.take()).toBe(true);
    },
  );

  test('have paths of at most 4095 bytes', () => {
    const { directory } = root(MIB);
    expect(thrown(() => directory.statAt({}, 'a/'.repeat(2048)))).toBe('name-too-long');
    expect(thrown(() => directory.statAt({}, 'ä'.repeat(2048)))).toBe('name-too-long');
    expect(thrown(() => directory.statAt({}, 'a/'.repeat(2047)))).toBe('no-entry');
  });
});
