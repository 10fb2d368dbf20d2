import { WasmcpError } from '../../error.ts';
import type { Store } from '../store.ts';

/** The progress of a copy. */
export interface Place {
  /** What is copied. */
  readonly source: string;
  /** The bucket that is being copied; those before it, in the order of their names, are complete. */
  readonly bucket: string;
  readonly cursor: string | undefined;
  /** The last write that the source had when the copy began. */
  readonly version: string | undefined;
}

/** Kept in the target until the copy is complete. */
const BUCKET = 'wasmcp-node:copy';
const KEY = 'place';

/** Buckets that are not copied. */
export function isCopied(bucket: string): boolean {
  return bucket !== BUCKET;
}

/**
 * The progress of an interrupted copy of `source` into `target`; undefined if it has not begun.
 *
 * @throws WasmcpError `store-unusable` for a target that contains anything else
 */
export async function readPlace(target: Store, source: string): Promise<Place | undefined> {
  const value = await target.get(BUCKET, KEY);
  const place = value && (JSON.parse(new TextDecoder().decode(value)) as Place);
  if (place?.source === source) return place;
  if (place !== undefined) {
    throw new WasmcpError(
      'store-unusable',
      `${target.url} contains part of another store (${place.source}), whose copy was interrupted: finish that one, or choose an empty store`,
    );
  }
  if ((await target.buckets()).length === 0) return undefined;
  throw new WasmcpError('store-unusable', `${target.url} is not empty: a copy needs an empty store`);
}

export async function writePlace(target: Store, place: Place): Promise<void> {
  await target.set(BUCKET, KEY, new TextEncoder().encode(JSON.stringify(place)));
}

export async function clearPlace(target: Store): Promise<void> {
  await target.delete(BUCKET, KEY);
}

/**
 * Refuses a store that contains only part of what is being copied into it.
 *
 * @throws WasmcpError `store-unusable`
 */
export async function requireComplete(store: Store): Promise<void> {
  if (!(await store.exists(BUCKET, KEY))) return;
  throw new WasmcpError(
    'store-unusable',
    `${store.url} is the target of an unfinished copy: run the same store copy again, which continues where it stopped`,
  );
}
