import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { failure, type NetworkEngine, withoutPassword } from '../../../support/network-engine.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

/** What differs between the engines. */
export interface EngineFacts {
  /** The parameter of the URL that names a store. */
  readonly naming: string;
  /** The variable that has the password. */
  readonly passwordVariable: string;
  /** What a store that was not created yet is said to lack. */
  readonly missing: (name: string) => string;
}

/** A store for one test. */
export async function openForTest(url: string, options?: StoreOptions): Promise<Store> {
  const store = await openStore(url, { durability: 'process', timeout: 60_000, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** URLs that are refused before anything is connected. */
export function refusedUrls(cases: readonly (readonly [url: string, reason: RegExp])[]): void {
  test.each(cases)('%s is refused with the reason and without the URL itself', async (url, reason) => {
    const error = await failure(url);
    expect(error).toMatchObject({
      code: 'option-invalid',
      message: expect.stringMatching(reason) as unknown,
    });
    expect(error.message).not.toMatch(/sec(%|ret@)/);
  });
}

/** What every store on another machine promises once it can be reached. */
export function openSuite(engine: () => NetworkEngine, facts: EngineFacts): void {
  const named = (name: string): string => engine().url(`${facts.naming}=${name}`);

  test.each(storeConformance(() => openForTest(engine().url())))('$name', ({ run }) => run(), 60_000);

  test('accepts keys and values of the maximum size, and keys that differ only in their last byte', async () => {
    const store = await openForTest(engine().url());
    const stem = 'k'.repeat(4095);
    await store.setMany('b', [
      [`${stem}a`, Uint8Array.of(1)],
      [`${stem}b`, Uint8Array.of(2)],
      ['k'.repeat(2000), Uint8Array.of(3)],
    ]);
    expect(await store.getMany('b', [`${stem}b`, `${stem}a`, stem])).toEqual([
      Uint8Array.of(2),
      Uint8Array.of(1),
      undefined,
    ]);
    expect(await store.range('b', `${stem}a`, 5)).toEqual([`${stem}a`, `${stem}b`]);
    expect(await store.range('b', '', 1)).toEqual(['k'.repeat(2000)]);
    const value = new Uint8Array(16 * 1024 * 1024).fill(7);
    await store.set('b', 'large', value);
    expect(Buffer.compare((await store.get('b', 'large'))!, value)).toBe(0);
  });

  test('hosts that start together create one store, and see the writes of each other at once', async () => {
    const url = engine().url();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openForTest(url)));
    const counting = stores.flatMap((store) =>
      Array.from({ length: 50 }, () => store.increment('b', 'n', 1n, U64)),
    );
    expect(new Set(await Promise.all(counting)).size).toBe(200);
    await stores[0]!.set('b', 'k', Uint8Array.of(1));
    expect(await stores[1]!.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('batches that lock the same keys in opposite orders all succeed', async () => {
    const store = await openForTest(engine().url());
    const entries = ['a', 'b', 'c', 'd'].map((key) => [key, Uint8Array.of(1)] as const);
    const batches = Array.from({ length: 20 }, (_, n) =>
      store.setMany('b', n % 2 === 0 ? entries : entries.toReversed()),
    );
    await expect(Promise.all(batches)).resolves.toHaveLength(20);
  }, 90_000);

  test('the URL in messages has no password', async () => {
    const url = named('shown');
    expect((await openForTest(url)).url).toBe(withoutPassword(url));
  });

  test('a wrong password, or a store that was not created, is refused at once, and no message contains a password', async () => {
    const url = named('refused');
    const long = { wait: 600_000 };
    const wrong = await failure(url.replace('secret', 'wrong-one'), long);
    expect(wrong).toMatchObject({ code: 'store-unusable' });
    expect(wrong.message).toMatch(/check user and password/);
    expect(`${wrong.message} ${wrong.stack} ${String(wrong.cause)}`).not.toMatch(/wrong-one|secret/);
    expect(await failure(url, { ...long, create: false, durability: 'process' })).toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining(facts.missing('refused')) as unknown,
    });
  });

  test('the password comes from a file or from the environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'password-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const without = withoutPassword(named('passwords'));
    expect(await failure(without, { durability: 'process' })).toMatchObject({ code: 'store-unusable' });
    writeFileSync(join(folder, 'one'), 'secret\n');
    await openForTest(without, { passwordFile: join(folder, 'one') });
    expect((await failure(without, { passwordFile: join(folder, 'none') })).message).toMatch(
      /--store-password-file cannot be read/,
    );
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv(facts.passwordVariable, 'secret');
    await openForTest(without);
  });
}
