import { randomUUID } from 'node:crypto';
import type { Store } from '../../../src/index.ts';
import { sessionParts } from '../../../src/mcp/sessions/sessions.ts';

/** Seconds since 1970, in which wasmcp's servers store the end of a session. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** A value of type `json`, as wasmcp's servers store it. */
export function json(value: unknown): Uint8Array {
  return Buffer.from(`\x02${JSON.stringify(value)}`);
}

export interface Meta {
  readonly terminated?: unknown;
  readonly created_at?: unknown;
  readonly expires_at?: unknown;
  readonly reason?: unknown;
}

/** Writes a session as wasmcp's servers do, with `keys` besides its metadata. It is live for a day unless `meta` differs. */
export async function put(store: Store, meta: Meta = {}, keys = 2, bucket = 'default'): Promise<string> {
  const id = randomUUID();
  const entries = Array.from({ length: keys }, (_, n) => [`${id}:key ${n}`, Buffer.from('\x01v')] as const);
  const all = { terminated: false, created_at: Date.now(), expires_at: now() + 86_400, ...meta };
  await store.setMany(bucket, [[`${id}:__meta__`, json(all)], ...entries]);
  return id;
}

/** What may be the sessions of the bucket, in order. */
export async function* sessionIds(store: Store, bucket: string): AsyncGenerator<string> {
  for await (const part of sessionParts(store, bucket)) yield* part.map(({ id }) => id);
}

/** Every key of the bucket. */
export async function allKeys(store: Store, bucket = 'default'): Promise<string[]> {
  const found: string[] = [];
  let cursor: bigint | undefined;
  do {
    const page = await store.list(bucket, cursor);
    found.push(...page.keys);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
