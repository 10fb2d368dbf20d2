import { WasmcpError, type WasmcpErrorCode } from '../error.ts';
import type { Guest } from '../guest.ts';
import { type Awaitable, isPromise } from './awaitable.ts';
import type { CheckedStore } from './limits.ts';
import type { CounterBounds, KeyPage } from './store.ts';

/** `variant error` of wasi:keyvalue/store, the same in both drafts. Thrown: jco returns a thrown non-`Error` as the guest's `err`. */
export type KeyvalueError =
  | { readonly tag: 'no-such-store' }
  | { readonly tag: 'access-denied' }
  | { readonly tag: 'other'; readonly val: string };

/** One opened bucket: the guest that opened it, the store, and the bucket's name there. */
export interface OpenBucket {
  readonly guest: Guest;
  readonly store: CheckedStore;
  readonly name: string;
}

/** Bytes charged for each key of `get-many` besides its value: the lists on the way to the store and back. */
const PAIR_COST = 200;

/** `store.open`: the bucket need not exist, but its name must be allowed. */
export function openBucket(store: CheckedStore, guest: Guest, identifier: string): OpenBucket {
  guest.check();
  try {
    return { guest, store, name: store.bucketName(identifier) };
  } catch (error) {
    throw error instanceof WasmcpError ? keyvalueError(error) : error;
  }
}

/** Charges bytes that the host is about to hold for the guest of a bucket. @throws WasmcpError `store-limit` */
export function charge({ guest: { budget } }: OpenBucket, bytes: number): void {
  if (!budget.tryCharge(bytes)) throw new WasmcpError('store-limit', budget.refusal(bytes));
}

/**
 * Runs `work` and maps its result by `result`. Synchronous if the store is; otherwise returns a promise that settles no later
 * than the guest ends. An expected failure is thrown as the WIT error mapped by `failure`; a bug propagates and traps.
 */
export function call<T, R>(
  { guest }: OpenBucket,
  work: () => Awaitable<T>,
  result: (value: T) => R | Promise<R>,
  failure: (error: KeyvalueError) => unknown = (error) => error,
): R | Promise<R> {
  const fail = (error: unknown): never => {
    if (!(error instanceof WasmcpError)) throw error;
    if (error.code === 'lease-lost') {
      guest.fail(error);
      guest.check();
    }
    throw failure(keyvalueError(error));
  };
  guest.checkDependent();
  return guest.yieldIfDue(() => {
    let value: Awaitable<T>;
    try {
      value = work();
    } catch (error) {
      return fail(error);
    }
    const map = (value: T): R | Promise<R> => {
      try {
        return result(value);
      } catch (error) {
        return fail(error);
      }
    };
    return isPromise(value) ? guest.settle(value).then(map, fail) : map(value);
  });
}

/** What a host function returns: a promise only if the store is asynchronous or the guest yields its thread. */
export type Result<T> = T | Promise<T>;

export function get(bucket: OpenBucket, key: string): Result<Uint8Array | undefined> {
  return call(bucket, () => bucket.store.get(bucket.name, key), same);
}

export function set(bucket: OpenBucket, key: string, value: Uint8Array): Result<void> {
  return call(bucket, () => bucket.store.set(bucket.name, key, value, bucket.guest.fence), same);
}

export function remove(bucket: OpenBucket, key: string): Result<void> {
  return call(bucket, () => bucket.store.delete(bucket.name, key, bucket.guest.fence), same);
}

export function exists(bucket: OpenBucket, key: string): Result<boolean> {
  return call(bucket, () => bucket.store.exists(bucket.name, key), same);
}

export function list<R>(
  bucket: OpenBucket,
  cursor: () => bigint | undefined,
  result: (page: KeyPage) => R,
): Result<R> {
  return call(bucket, () => bucket.store.list(bucket.name, cursor()), result);
}

export function getMany<R>(
  bucket: OpenBucket,
  keys: readonly string[],
  pair: (key: string, value: Uint8Array | undefined) => R,
): Result<R[]> {
  return call(
    bucket,
    () => {
      // Released at once: no other call runs while the result is built.
      charge(bucket, keys.length * PAIR_COST);
      bucket.guest.budget.release(keys.length * PAIR_COST);
      return bucket.store.getMany(bucket.name, keys);
    },
    (values) => keys.map((key, index) => pair(key, values[index])),
  );
}

export function setMany(
  bucket: OpenBucket,
  entries: readonly (readonly [string, Uint8Array])[],
): Result<void> {
  return call(bucket, () => bucket.store.setMany(bucket.name, entries, bucket.guest.fence), same);
}

export function deleteMany(bucket: OpenBucket, keys: readonly string[]): Result<void> {
  return call(bucket, () => bucket.store.deleteMany(bucket.name, keys, bucket.guest.fence), same);
}

export function increment(
  bucket: OpenBucket,
  key: string,
  delta: bigint,
  bounds: CounterBounds,
): Result<bigint> {
  return call(
    bucket,
    () => bucket.store.increment(bucket.name, key, delta, bounds, bucket.guest.fence),
    same,
  );
}

/** `list<option<tuple<string, list<u8>>>>`: a missing key has no pair. */
export function optionOfPair(key: string, value: Uint8Array | undefined): [string, Uint8Array] | undefined {
  return value && [key, value];
}

/** `list<tuple<string, option<list<u8>>>>`: each key has a pair. */
export function pairOfOption(key: string, value: Uint8Array | undefined): [string, Uint8Array | undefined] {
  return [key, value];
}

function same<T>(value: T): T {
  return value;
}

/**
 * Every failure of a store, as a guest sees it. Failures of the host are named but not described: their messages contain
 * paths of the host.
 */
const KEYVALUE_ERRORS: Partial<Record<WasmcpErrorCode, (message: string) => KeyvalueError>> = {
  'bucket-name-invalid': () => ({ tag: 'no-such-store' }),
  'bucket-denied': () => ({ tag: 'access-denied' }),
  'store-limit': other,
  'cursor-invalid': other,
  'not-a-number': other,
  'number-overflow': other,
  'store-busy': () => other('the store is busy: try again'),
  'store-unavailable': () => other('the store cannot be reached: try again later'),
  'store-outcome-unknown': () =>
    other('the store was lost during this write, which may have taken effect or not'),
  'store-full': () => other('the store is full'),
  'store-closed': () => other('the store is closed'),
};

function keyvalueError(error: WasmcpError): KeyvalueError {
  return KEYVALUE_ERRORS[error.code]?.(error.message) ?? other('the store is not usable');
}

function other(message: string): KeyvalueError {
  return { tag: 'other', val: message };
}
