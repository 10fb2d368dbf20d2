import assert from 'node:assert/strict';
import type { CounterBounds, Store } from '../store.ts';

/** One requirement of the contract: `run` gets an empty store. */
export interface StoreCase {
  readonly name: string;
  run(store: Store): Promise<void>;
}

export const U64: CounterBounds = { min: 0n, max: 2n ** 64n - 1n };
export const S64: CounterBounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}

/** Entries `k0`, `k1` and so on. */
export function entries(count: number): [string, Uint8Array][] {
  return Array.from({ length: count }, (_, index) => [`k${index}`, bytes('v')]);
}

/** All keys of a bucket, page by page. */
export async function allKeys(store: Store, bucket: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: bigint | undefined;
  do {
    const page = await store.list(bucket, cursor);
    assert.ok(page.keys.length <= 1000, `a page of ${page.keys.length} keys`);
    found.push(...page.keys);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Asserts that `work` throws or rejects with a `WasmcpError` of this code. */
export async function fails(code: string, work: () => unknown): Promise<void> {
  await assert.rejects(async () => work(), { name: 'WasmcpError', code });
}

/** Asserts that `work` fails with a `TypeError`, as a bug of the caller. */
export async function isBug(work: () => unknown): Promise<void> {
  await assert.rejects(async () => work(), TypeError);
}
