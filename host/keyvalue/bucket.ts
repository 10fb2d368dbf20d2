import { WasmcpError, type WasmcpErrorCode } from '../error.ts';
import type { Guest } from '../guest.ts';
import type { CheckedStore } from './limits.ts';
import { type Awaitable, type CounterBounds, isPromise, type KeyPage } from './store.ts';

/** `variant error` of wasi:keyvalue/store, the same in both drafts. Thrown: jco makes a thrown non-`Error` the guest's `err`. */
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

/** What a key of `get-many` costs beside its value: lists on the way to the store and back. */
const PAIR_COST = 200;

/** `store.open`: the bucket need not exist, its name has to be allowed. */
export function openBucket(store: CheckedStore, guest: Guest, identifier: string): OpenBucket {
  guest.check();
  try {
    return { guest, store, name: store.bucketName(identifier) };
  } catch (error) {
    throw error instanceof WasmcpError ? keyvalueError(error) : error;
  }
}

/** Charges what the host is about to hold for the guest of a bucket; fails as the store's own limits do. */
export function charge({ guest: { budget } }: OpenBucket, bytes: number): void {
  if (!budget.tryCharge(bytes)) throw new WasmcpError('store-limit', budget.refusal(bytes));
}

/**
 * What `work` answers, at once or, when the store answers with a promise, with one that settles no later than the
 * guest ends. An expected failure is thrown as `failure` of the WIT error; a bug passes through and traps.
 */
export function ask<T, R>(
  { guest }: OpenBucket,
  work: () => Awaitable<T>,
  answer: (value: T) => R | Promise<R>,
  failure: (error: KeyvalueError) => unknown = (error) => error,
): R | Promise<R> {
  const fail = (error: unknown): never => {
    throw error instanceof WasmcpError ? failure(keyvalueError(error)) : error;
  };
  guest.check();
  return guest.fairly(() => {
    let value: Awaitable<T>;
    try {
      value = work();
    } catch (error) {
      return fail(error);
    }
    const pass = (value: T): R | Promise<R> => {
      try {
        return answer(value);
      } catch (error) {
        return fail(error);
      }
    };
    return isPromise(value) ? guest.settle(value).then(pass, fail) : pass(value);
  });
}

type Answer<T> = T | Promise<T>;

export function get(bucket: OpenBucket, key: string): Answer<Uint8Array | undefined> {
  return ask(bucket, () => bucket.store.get(bucket.name, key), same);
}

export function set(bucket: OpenBucket, key: string, value: Uint8Array): Answer<void> {
  return ask(bucket, () => bucket.store.set(bucket.name, key, value), same);
}

export function remove(bucket: OpenBucket, key: string): Answer<void> {
  return ask(bucket, () => bucket.store.delete(bucket.name, key), same);
}

export function exists(bucket: OpenBucket, key: string): Answer<boolean> {
  return ask(bucket, () => bucket.store.exists(bucket.name, key), same);
}

export function list<R>(
  bucket: OpenBucket,
  cursor: () => bigint | undefined,
  answer: (page: KeyPage) => R,
): Answer<R> {
  return ask(bucket, () => bucket.store.list(bucket.name, cursor()), answer);
}

export function getMany<R>(
  bucket: OpenBucket,
  keys: readonly string[],
  pair: (key: string, value: Uint8Array | undefined) => R,
): Answer<R[]> {
  return ask(
    bucket,
    () => {
      // While the answer is made, there is no other call.
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
): Answer<void> {
  return ask(bucket, () => bucket.store.setMany(bucket.name, entries), same);
}

export function deleteMany(bucket: OpenBucket, keys: readonly string[]): Answer<void> {
  return ask(bucket, () => bucket.store.deleteMany(bucket.name, keys), same);
}

export function increment(
  bucket: OpenBucket,
  key: string,
  delta: bigint,
  bounds: CounterBounds,
): Answer<bigint> {
  return ask(bucket, () => bucket.store.increment(bucket.name, key, delta, bounds), same);
}

/** `list<option<tuple<string, list<u8>>>>`: what is missing has no pair. */
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
 * Every failure of a store, as a guest sees it. What went wrong on our side is named but not described: those
 * messages hold paths of the host.
 */
const KEYVALUE_ERRORS: Partial<Record<WasmcpErrorCode, (message: string) => KeyvalueError>> = {
  'bucket-name-invalid': () => ({ tag: 'no-such-store' }),
  'bucket-denied': () => ({ tag: 'access-denied' }),
  'store-limit': other,
  'cursor-invalid': other,
  'not-a-number': other,
  'number-overflow': other,
  'store-busy': () => other('the store is busy: try again'),
  'store-full': () => other('the store is full'),
  'store-closed': () => other('the store is closed'),
};

function keyvalueError(error: WasmcpError): KeyvalueError {
  return KEYVALUE_ERRORS[error.code]?.(error.message) ?? other('the store is not usable');
}

function other(message: string): KeyvalueError {
  return { tag: 'other', val: message };
}
