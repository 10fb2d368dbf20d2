import { call } from './client.ts';
import type { Bucket, Entry, KeyEntry, Page, StoredValue } from './types.ts';

const PAGE = 200;

export async function listBuckets(signal: AbortSignal): Promise<readonly Bucket[]> {
  const { buckets } = await call<{ buckets: Bucket[] }>(['buckets'], { signal });
  return buckets;
}

export async function listKeys(
  bucket: string,
  prefix: string,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<KeyEntry>> {
  const { keys, next } = await call<{ keys: KeyEntry[]; next?: string }>(['buckets', bucket, 'keys'], {
    query: { prefix, cursor, limit: PAGE },
    signal,
  });
  return { items: keys, next };
}

export function readKey(bucket: string, key: string, signal: AbortSignal): Promise<Entry> {
  return call<Entry>(['buckets', bucket, 'keys', key], { signal });
}

/** @throws ApiError 412 when the entry no longer has this version */
export async function writeKey(bucket: string, { key, version }: Entry, value: StoredValue): Promise<void> {
  await call(['buckets', bucket, 'keys', key], { method: 'PUT', query: { version }, body: value });
}

/** @throws ApiError 412 when the entry no longer has this version */
export async function deleteKey(bucket: string, { key, version }: Entry): Promise<void> {
  await call(['buckets', bucket, 'keys', key], { method: 'DELETE', query: { version } });
}
