import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../host/keyvalue/store.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };
const S64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

/** What each call of `work` fails with, thrown or rejected. */
async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Registers the tests that every `Store` has to pass. `open` answers an empty store; the suite closes it. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(async () => {
      await store.close();
    });

    async function code(work: () => unknown): Promise<unknown> {
      const error = await failure(work);
      return error instanceof Error && 'code' in error ? error.code : error;
    }

    async function keys(bucket: string): Promise<string[]> {
      const found: string[] = [];
      let cursor: bigint | undefined;
      do {
        const page = await store.list(bucket, cursor);
        expect(page.keys.length).toBeLessThanOrEqual(1000);
        found.push(...page.keys);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return found;
    }

    test('what was never set is missing', async () => {
      expect(await store.get('b', 'k')).toBeUndefined();
      expect(await store.exists('b', 'k')).toBe(false);
      expect(await store.list('b')).toEqual({ keys: [], cursor: undefined });
      expect(await store.buckets()).toEqual([]);
      await store.delete('b', 'k');
      await store.deleteMany('b', ['k', 'l']);
      expect(await store.buckets()).toEqual([]);
    });

    test('set, overwrite, delete', async () => {
      await store.set('b', 'k', bytes('one'));
      expect(text(await store.get('b', 'k'))).toBe('one');
      await store.set('b', 'k', bytes('two'));
      expect(text(await store.get('b', 'k'))).toBe('two');
      expect(await store.exists('b', 'k')).toBe(true);
      await store.delete('b', 'k');
      expect(await store.get('b', 'k')).toBeUndefined();
      expect(await store.exists('b', 'k')).toBe(false);
    });

    test('bytes come back untouched, as a plain Uint8Array', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const value of [new Uint8Array(0), all, new Uint8Array(300_000).fill(7)]) {
        await store.set('b', 'k', value);
        const got = await store.get('b', 'k');
        expect(got?.constructor).toBe(Uint8Array);
        expect(Buffer.compare(got!, value)).toBe(0);
      }
      expect(await store.exists('b', 'k')).toBe(true);
      await store.set('b', 'empty', new Uint8Array(0));
      expect(await store.exists('b', 'empty')).toBe(true);
      expect((await store.getMany('b', ['empty']))[0]?.byteLength).toBe(0);
      expect((await store.read('b', 'empty')).value?.byteLength).toBe(0);
    });

    test('a view is stored as what it shows, and not what is changed later', async () => {
      const memory = new Uint8Array(100).fill(1);
      const view = memory.subarray(10, 13);
      await store.set('b', 'k', view);
      memory.fill(2);
      expect([...(await store.get('b', 'k'))!]).toEqual([1, 1, 1]);
      (await store.get('b', 'k'))!.fill(3);
      expect([...(await store.get('b', 'k'))!]).toEqual([1, 1, 1]);
    });

    test('keys that look alike stay apart', async () => {
      const lookalikes = ['é', 'e\u0301', '\ufeffk', 'k', 'K', 'k\0', 'k ', '', '🜂', '__proto__'];
      for (const key of lookalikes) await store.set('b', key, bytes(`<${key}>`));
      for (const key of lookalikes)
        expect(Buffer.from((await store.get('b', key))!).toString()).toBe(`<${key}>`);
      expect(await keys('b')).toEqual(lookalikes);
    });

    test('a lone surrogate is a bug of the caller, in a key and in a bucket', async () => {
      expect(await failure(() => store.set('b', '\ud800', bytes('v')))).toBeInstanceOf(TypeError);
      expect(await failure(() => store.get('b', '\ud800'))).toBeInstanceOf(TypeError);
      expect(await failure(() => store.set('\ud800', 'k', bytes('v')))).toBeInstanceOf(TypeError);
      expect(await failure(() => store.list('\ud800'))).toBeInstanceOf(TypeError);
    });

    test('buckets do not see each other', async () => {
      await store.set('one', 'k', bytes('1'));
      await store.set('two', 'k', bytes('2'));
      await store.delete('two', 'k');
      await store.set('Ünï/cödé', 'k', bytes('3'));
      expect(text(await store.get('one', 'k'))).toBe('1');
      expect(await keys('two')).toEqual([]);
      expect((await store.buckets()).sort()).toEqual(['one', 'Ünï/cödé']);
    });

    test('a page has a thousand keys, and only the last one has no cursor', async () => {
      const entry = (index: number): [string, Uint8Array] => [`k${index}`, bytes('v')];
      await store.setMany(
        'b',
        Array.from({ length: 1000 }, (_, index) => entry(index)),
      );
      expect((await store.list('b')).keys).toHaveLength(1000);
      expect((await store.list('b')).cursor).toBeUndefined();
      await store.set('b', ...entry(1000));
      const first = await store.list('b');
      expect(first.keys).toHaveLength(1000);
      expect(first.cursor).toBeTypeOf('bigint');
      expect(await store.list('b', first.cursor)).toEqual({ keys: ['k1000'], cursor: undefined });
    });

    test('deleting page by page reaches every key', async () => {
      await store.setMany(
        'b',
        Array.from({ length: 2500 }, (_, index) => [`k${index}`, bytes('v')]),
      );
      await store.set('other', 'stays', bytes('v'));
      let cursor: bigint | undefined;
      const sizes: number[] = [];
      do {
        const page = await store.list('b', cursor);
        sizes.push(page.keys.length);
        await store.deleteMany('b', page.keys);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(sizes).toEqual([1000, 1000, 500]);
      expect(await keys('b')).toEqual([]);
      expect(await keys('other')).toEqual(['stays']);
    });

    test('keys are listed in order of first insertion; an overwritten key keeps its place, a new life does not', async () => {
      for (const key of ['c', 'a', 'b']) await store.set('b', key, bytes('1'));
      await store.set('b', 'c', bytes('2'));
      await store.setMany('b', [['a', bytes('2')]]);
      await store.swap('b', 'b', (await store.read('b', 'b')).version, bytes('2'));
      expect(await keys('b')).toEqual(['c', 'a', 'b']);
      await store.delete('b', 'c');
      await store.set('b', 'c', bytes('3'));
      expect(await keys('b')).toEqual(['a', 'b', 'c']);
      await store.delete('b', 'c');
      await store.set('b', 'd', bytes('3'));
      expect(await keys('b')).toEqual(['a', 'b', 'd']);
    });

    test('a key that comes after the cursor was given out is on a later page, even if the rest is gone', async () => {
      const entries = Array.from({ length: 1001 }, (_, index) => [`k${index}`, bytes('v')] as const);
      await store.setMany('b', entries);
      const { cursor } = await store.list('b');
      await store.deleteMany('b', await keys('b'));
      await store.set('b', 'late', bytes('v'));
      expect(await store.list('b', cursor)).toEqual({ keys: ['late'], cursor: undefined });
    });

    test('a cursor that no store gives out is refused', async () => {
      expect(await code(() => store.list('b', -1n))).toBe('cursor-invalid');
      expect(await code(() => store.list('b', 2n ** 64n - 1n))).toBe('cursor-invalid');
      expect(await store.list('b', 2n ** 40n)).toEqual({ keys: [], cursor: undefined });
    });

    test('batches are positional and keep duplicates; the later of two entries wins', async () => {
      await store.setMany('b', [
        ['x', bytes('1')],
        ['y', bytes('2')],
        ['x', bytes('3')],
      ]);
      const values = await store.getMany('b', ['y', 'missing', 'x', 'y']);
      expect(values.map(text)).toEqual(['2', undefined, '3', '2']);
      await store.deleteMany('b', ['x', 'x', 'missing']);
      expect((await store.getMany('b', ['x', 'y'])).map(text)).toEqual([undefined, '2']);
      expect(await store.getMany('b', [])).toEqual([]);
      await store.setMany('b', []);
      await store.deleteMany('b', []);
      expect(await keys('b')).toEqual(['y']);
    });

    test('a batch that cannot be written whole is not written at all', async () => {
      const entries: [string, Uint8Array][] = [
        ['fine', bytes('1')],
        ['\ud800', bytes('2')],
      ];
      expect(await failure(() => store.setMany('b', entries))).toBeInstanceOf(TypeError);
      expect(await store.exists('b', 'fine')).toBe(false);
    });

    test('a missing counter counts as zero and is stored as decimal text', async () => {
      expect(await store.increment('b', 'n', 5n, U64)).toBe(5n);
      expect(await store.increment('b', 'n', 37n, U64)).toBe(42n);
      expect(text(await store.get('b', 'n'))).toBe('42');
      expect(await store.increment('b', 'zero', 0n, U64)).toBe(0n);
      expect(text(await store.get('b', 'zero'))).toBe('0');
      expect(await store.increment('b', 'down', -7n, S64)).toBe(-7n);
      expect(text(await store.get('b', 'down'))).toBe('-7');
    });

    test.each([
      ['the largest u64', '18446744073709551614', 1n, U64, 18446744073709551615n],
      ['beyond the largest s64', '9223372036854775807', 1n, U64, 9223372036854775808n],
      ['the largest s64', '9223372036854775806', 1n, S64, 9223372036854775807n],
      ['the smallest s64', '-9223372036854775807', -1n, S64, -9223372036854775808n],
      ['zero from below', '-1', 1n, U64, 0n],
    ])('counts exactly at %s', async (_, stored, delta, bounds, sum) => {
      await store.set('b', 'n', bytes(stored));
      expect(await store.increment('b', 'n', delta, bounds)).toBe(sum);
      expect(text(await store.get('b', 'n'))).toBe(sum.toString());
    });

    test.each([
      ['18446744073709551615', 1n, U64],
      ['1', -2n, U64],
      ['-5', 0n, U64],
      ['9223372036854775807', 1n, S64],
      ['-9223372036854775808', -1n, S64],
      ['99999999999999999999', 0n, U64],
    ])('refuses to count past a bound (%s + %s) and changes nothing', async (stored, delta, bounds) => {
      await store.set('b', 'n', bytes(stored));
      const { version } = await store.read('b', 'n');
      expect(await code(() => store.increment('b', 'n', delta, bounds))).toBe('number-overflow');
      expect(text(await store.get('b', 'n'))).toBe(stored);
      expect((await store.read('b', 'n')).version).toBe(version);
      expect(await store.increment('b', 'other', 1n, S64)).toBe(1n);
    });

    test.each([
      '',
      ' 1',
      '1 ',
      '01',
      '00',
      '-0',
      '+1',
      '1.0',
      '1e3',
      '0x1',
      '-',
      '12abc',
      '１',
      '1\n',
      '1'.repeat(21),
    ])('does not take %j for a number', async (stored) => {
      await store.set('b', 'n', bytes(stored));
      expect(await code(() => store.increment('b', 'n', 1n, U64))).toBe('not-a-number');
      expect(text(await store.get('b', 'n'))).toBe(stored);
    });

    test('a counter that cannot start inside the bounds is not created', async () => {
      expect(await code(() => store.increment('b', 'n', -1n, U64))).toBe('number-overflow');
      expect(await store.exists('b', 'n')).toBe(false);
    });

    test('increments at the same time are all counted', async () => {
      const sums = await Promise.all(
        Array.from({ length: 50 }, async () => store.increment('b', 'n', 1n, U64)),
      );
      expect(new Set(sums).size).toBe(50);
      expect(text(await store.get('b', 'n'))).toBe('50');
    });

    test('swap writes if nothing happened, and only once', async () => {
      await store.set('b', 'k', bytes('1'));
      const seen = await store.read('b', 'k');
      expect(text(seen.value)).toBe('1');
      expect(await store.swap('b', 'k', seen.version, bytes('2'))).toBe(true);
      expect(await store.swap('b', 'k', seen.version, bytes('3'))).toBe(false);
      expect(text(await store.get('b', 'k'))).toBe('2');
    });

    test('swap creates an absent key once', async () => {
      const seen = await store.read('b', 'k');
      expect(seen.value).toBeUndefined();
      expect(await store.swap('b', 'k', seen.version, bytes('1'))).toBe(true);
      expect(await store.swap('b', 'k', seen.version, bytes('2'))).toBe(false);
      expect(text(await store.get('b', 'k'))).toBe('1');
    });

    const changes: [string, (store: Store) => Promise<void>][] = [
      ['set to the same bytes', async (s) => s.set('b', 'k', bytes('1'))],
      [
        'set and set back',
        async (s) => {
          await s.setMany('b', [['k', bytes('2')]]);
          await s.set('b', 'k', bytes('1'));
        },
      ],
      [
        'incremented and back',
        async (s) => {
          await s.increment('b', 'k', 1n, S64);
          await s.increment('b', 'k', -1n, S64);
        },
      ],
      ['deleted', async (s) => s.delete('b', 'k')],
      [
        'deleted and set again',
        async (s) => {
          await s.delete('b', 'k');
          await s.set('b', 'k', bytes('1'));
        },
      ],
      [
        'deleted in a batch and set again',
        async (s) => {
          await s.deleteMany('b', ['k']);
          await s.setMany('b', [['k', bytes('1')]]);
        },
      ],
    ];

    test.each(changes)('swap fails when the key was meanwhile %s', async (_, change) => {
      await store.set('b', 'k', bytes('1'));
      const { version } = await store.read('b', 'k');
      await change(store);
      const before = await store.get('b', 'k');
      expect(await store.swap('b', 'k', version, bytes('lost update'))).toBe(false);
      expect(await store.get('b', 'k')).toEqual(before);
    });

    test.each([
      ['never existed', async () => {}],
      [
        'existed before',
        async () => {
          await store.set('b', 'k', bytes('0'));
          await store.delete('b', 'k');
        },
      ],
    ])('swap sees that an absent key that %s was set and deleted meanwhile', async (_, before) => {
      await before();
      const { version } = await store.read('b', 'k');
      await store.set('b', 'k', bytes('1'));
      expect(await store.swap('b', 'k', version, bytes('x'))).toBe(false);
      await store.delete('b', 'k');
      expect(await store.swap('b', 'k', version, bytes('x'))).toBe(false);
      expect(await store.exists('b', 'k')).toBe(false);
      const fresh = await store.read('b', 'k');
      expect(fresh.version).not.toBe(version);
      expect(await store.swap('b', 'k', fresh.version, bytes('y'))).toBe(true);
    });

    test('a version never comes back, whatever happens to the key', async () => {
      const versions = new Set<bigint>();
      for (let round = 0; round < 20; round++) {
        await store.set('b', 'k', bytes('1'));
        versions.add((await store.read('b', 'k')).version);
        await store.delete('b', 'k');
        versions.add((await store.read('b', 'k')).version);
      }
      expect(versions.size).toBe(40);
    });

    test('closing twice is fine; everything else fails afterwards', async () => {
      await store.set('b', 'k', bytes('1'));
      await store.close();
      await store.close();
      const calls: (() => unknown)[] = [
        () => store.get('b', 'k'),
        () => store.exists('b', 'k'),
        () => store.set('b', 'k', bytes('1')),
        () => store.delete('b', 'k'),
        () => store.list('b'),
        () => store.getMany('b', ['k']),
        () => store.setMany('b', []),
        () => store.deleteMany('b', []),
        () => store.increment('b', 'n', 1n, U64),
        () => store.read('b', 'k'),
        () => store.swap('b', 'k', 0n, bytes('1')),
        () => store.buckets(),
      ];
      for (const call of calls) expect(await code(call)).toBe('store-closed');
    });
  });
}
