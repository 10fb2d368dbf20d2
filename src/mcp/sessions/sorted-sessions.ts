import { setImmediate as turn } from 'node:timers/promises';
import type { Store } from '../../../host/index.ts';
import { metadataKey, sessionOfKey } from './layout.ts';
import { readMetadata } from './metadata.ts';
import type { Place } from './top.ts';

/** Sessions that are looked at together: so many places, or sizes, are in memory at once. */
const PLACES = 100_000;
const SIZES = 300_000;

/** Characters of an id by which sessions are taken in groups: a number below `GROUPS`. */
const DIGITS = 8;
const GROUPS = 16 ** DIGITS;

/** Bytes of a session's key up to the colon. */
const PREFIX = 37;

/**
 * When the sessions of a bucket were opened, in parts without an order. Undefined if the store cannot tell without a look at
 * each session.
 */
export function openingTimes(store: Store, bucket: string): AsyncGenerator<Place[]> | undefined {
  return store.valuesWithEnding === undefined ? undefined : opened(store, store.valuesWithEnding, bucket);
}

async function* opened(
  store: Store,
  search: NonNullable<Store['valuesWithEnding']>,
  bucket: string,
): AsyncGenerator<Place[]> {
  let places: Place[] = [];
  let cursor: bigint | undefined;
  do {
    const page = await search.call(store, bucket, metadataKey(''), cursor);
    for (const [key, value] of page.entries) {
      const id = sessionOfKey(key);
      if (id === undefined || key !== metadataKey(id)) continue;
      const stored = value ?? (await store.get(bucket, key));
      const metadata = stored && readMetadata(stored);
      if (metadata !== undefined) places.push({ rank: metadata.createdAt, id });
    }
    // A store on this thread lets nothing else run.
    await turn();
    if (places.length >= PLACES) {
      yield places;
      places = [];
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  yield places;
}

/**
 * How many bytes the values of what may be sessions of a bucket have, in parts without an order: each is read from the whole
 * store, and has the sessions between two ids. Undefined if the store cannot tell without a look at each session.
 */
export function sizesOfSessions(store: Store, bucket: string): AsyncGenerator<Iterable<Place>> | undefined {
  return store.sizesByPrefix === undefined ? undefined : sized(store, store.sizesByPrefix, bucket);
}

async function* sized(
  store: Store,
  search: NonNullable<Store['sizesByPrefix']>,
  bucket: string,
): AsyncGenerator<Iterable<Place>> {
  const left: [from: number, before: number][] = [[0, GROUPS]];
  for (let range = left.pop(); range !== undefined; range = left.pop()) {
    const [from] = range;
    let [, before] = range;
    const sums = new Map<string, number>();
    let cursor: bigint | undefined;
    do {
      const prefixes = { from: digits(from), before: digits(before), length: PREFIX };
      const page = await search.call(store, bucket, prefixes, cursor);
      for (const [prefix, bytes] of page.sizes) sums.set(prefix, (sums.get(prefix) ?? 0) + bytes);
      cursor = page.cursor;
      await turn();
      // Those with the larger ids have another turn, whatever was found of them so far.
      while (sums.size > SIZES && before - from > 1) {
        const middle = Math.floor((from + before) / 2);
        left.push([middle, before]);
        before = middle;
        const end = digits(before);
        for (const prefix of sums.keys()) if (prefix >= end) sums.delete(prefix);
      }
    } while (cursor !== undefined);
    yield { [Symbol.iterator]: () => placesOf(sums) };
  }
}

function* placesOf(sums: ReadonlyMap<string, number>): Generator<Place> {
  for (const [prefix, rank] of sums) {
    const id = sessionOfKey(prefix);
    if (id !== undefined) yield { rank, id };
  }
}

/** The beginning of ids from this group on. After all of them comes what is no id. */
function digits(group: number): string {
  return group === GROUPS ? 'g' : group.toString(16).padStart(DIGITS, '0');
}
