import { afterEach, beforeEach, expect, test } from 'vitest';
import { WasmcpError } from '../../../host/error.ts';
import { checked } from '../../../host/keyvalue/limits.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };
let inner: Store;

beforeEach(() => {
  inner = openMemory();
});

afterEach(async () => {
  await inner.close();
});

function code(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof WasmcpError) return error.code;
    throw error;
  }
  return undefined;
}

test('the empty bucket name is "default"', async () => {
  const store = checked(inner);
  await store.set('', 'k', Uint8Array.of(1));
  expect(await store.get('default', 'k')).toEqual(Uint8Array.of(1));
  expect(await store.buckets()).toEqual(['default']);
  expect(store.bucketName('')).toBe('default');
});

test.each(['a', ' ', 'sessions/2026', 'é'.repeat(127), 'x'.repeat(255), '🜂'.repeat(63)])(
  'accepts %j as a bucket name',
  (name) => {
    expect(checked(inner).bucketName(name)).toBe(name);
  },
);

test.each(['x'.repeat(256), 'é'.repeat(128), 'a\0b', 'a\nb', '\x7f', '\u0085', '\ud800'])(
  'refuses %j as a bucket name, in every call',
  (name) => {
    const store = checked(inner);
    const one = Uint8Array.of(1);
    const calls: (() => unknown)[] = [
      () => store.bucketName(name),
      () => store.get(name, 'k'),
      () => store.exists(name, 'k'),
      () => store.set(name, 'k', one),
      () => store.delete(name, 'k'),
      () => store.list(name),
      () => store.getMany(name, ['k']),
      () => store.setMany(name, [['k', one]]),
      () => store.deleteMany(name, ['k']),
      () => store.increment(name, 'k', 1n, U64),
      () => store.read(name, 'k'),
      () => store.swap(name, 'k', 0n, one),
    ];
    expect(calls.map(code)).toEqual(calls.map(() => 'bucket-name-invalid'));
  },
);

test('with a list of buckets no other one is accessible', async () => {
  const store = checked(inner, { buckets: ['', 'sessions'] });
  await store.set('default', 'k', Uint8Array.of(1));
  await store.set('sessions', 'k', Uint8Array.of(1));
  expect(code(() => store.get('others', 'k'))).toBe('bucket-denied');
  expect(code(() => store.get('Sessions', 'k'))).toBe('bucket-denied');
  expect(code(() => store.get('a\0', 'k'))).toBe('bucket-name-invalid');
  expect(code(() => checked(inner, { buckets: [] }).get('', 'k'))).toBe('bucket-denied');
});

test('a key has at most 4,096 bytes of UTF-8, a value at most 16 MiB', async () => {
  const store = checked(inner);
  const one = Uint8Array.of(1);
  await store.set('b', 'x'.repeat(4096), one);
  await store.set('b', 'v', new Uint8Array(16 * 1024 * 1024));
  expect(() => store.set('b', 'é'.repeat(2049), one)).toThrow(
    expect.objectContaining({ code: 'store-limit', message: 'a key has 4098 bytes, the limit is 4096' }),
  );
  expect(() => store.set('b', 'w', new Uint8Array(16 * 1024 * 1024 + 1))).toThrow(
    expect.objectContaining({
      code: 'store-limit',
      message: 'a value has 16777217 bytes, the limit is 16777216',
    }),
  );
  expect(await store.exists('b', 'w')).toBe(false);
});

test('every writing call applies the limits, and a batch beyond them writes nothing', async () => {
  const store = checked(inner, { maxKey: 2, maxValue: 3 });
  const fits = new Uint8Array(3);
  const large = new Uint8Array(4);
  const calls: (() => unknown)[] = [
    () => store.set('b', 'kkk', fits),
    () => store.set('b', 'k', large),
    () =>
      store.setMany('b', [
        ['k', fits],
        ['kkk', fits],
      ]),
    () =>
      store.setMany('b', [
        ['k', fits],
        ['k', large],
      ]),
    () => store.increment('b', 'kkk', 1n, U64),
    () => store.swap('b', 'kkk', 0n, fits),
    () => store.swap('b', 'k', 0n, large),
  ];
  expect(calls.map(code)).toEqual(calls.map(() => 'store-limit'));
  expect(await store.buckets()).toEqual([]);
});

test('entries written under larger limits can still be read and deleted', async () => {
  await inner.set('b', 'long key', new Uint8Array(10));
  const store = checked(inner, { maxKey: 2, maxValue: 3 });
  expect((await store.get('b', 'long key'))?.byteLength).toBe(10);
  await store.delete('b', 'long key');
  expect(await store.exists('b', 'long key')).toBe(false);
});

test.each([{ maxKey: 0 }, { maxValue: -1 }, { maxValue: 1.5 }, { maxKey: Number.NaN }])(
  'refuses %j as limits',
  (limits) => {
    expect(code(() => checked(inner, limits))).toBe('option-invalid');
  },
);

test('refuses a list of buckets with an invalid name', () => {
  expect(code(() => checked(inner, { buckets: ['a\0'] }))).toBe('bucket-name-invalid');
});

test('buckets with the reserved prefix are denied and not listed', async () => {
  const store = checked(inner);
  await inner.set('wasmcp-node:own', 'k', Uint8Array.of(1));
  await store.set('wasmcp-node', 'k', Uint8Array.of(1));
  expect(code(() => store.bucketName('wasmcp-node:own'))).toBe('bucket-denied');
  expect(code(() => store.get('wasmcp-node:own', 'k'))).toBe('bucket-denied');
  expect(await store.buckets()).toEqual(['wasmcp-node']);
});

test('writes pass their fence on', async () => {
  const store = checked(inner);
  const fence = { bucket: 'b', name: 'n', token: 1n };
  expect(code(() => store.set('b', 'k', Uint8Array.of(1), fence))).toBe('lease-lost');
  expect(code(() => store.setMany('b', [['k', Uint8Array.of(1)]], fence))).toBe('lease-lost');
  expect(code(() => store.delete('b', 'k', fence))).toBe('lease-lost');
  expect(code(() => store.deleteMany('b', ['k'], fence))).toBe('lease-lost');
  expect(code(() => store.increment('b', 'k', 1n, U64, fence))).toBe('lease-lost');
  expect(code(() => store.swap('b', 'k', 0n, Uint8Array.of(1), fence))).toBe('lease-lost');
});
