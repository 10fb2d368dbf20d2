import { type EntryInfo, PAGE_SIZE, SMALL_VALUE, type Store } from '../store.ts';
import { HEADER, type Place, updatedIn, utf8, valueIn } from './layout.ts';
import type { Reply } from './link.ts';
import { merged } from './partitions.ts';
import type { MethodParts } from './parts.ts';
import { script } from './scripts.ts';

/** Keys that one script looks at, of all partitions together: the engine does nothing else meanwhile, for some milliseconds. */
const SCANNED = 2000;

/** Bytes of an entry that a script reads for its time. */
const SMALL_ENTRY = 64 * 1024;

/** First key, limit; returns key, size and header of each entry, without the header of large ones. */
const ENTRIES = script(
  `
local found = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[3], ARGV[1], '+', 'BYLEX', 'LIMIT', '0', ARGV[2])) do
  local size = redis.call('HSTRLEN', KEYS[1], key)
  local header = false
  if size <= ${SMALL_ENTRY} then header = string.sub(redis.call('HGET', KEYS[1], key), 1, ${HEADER}) end
  table.insert(found, key)
  table.insert(found, size - ${HEADER})
  table.insert(found, header)
end
return found`,
  'no-writes',
);

/** First id, limit, ending, then values if only they count; returns the last id if there are more, then id, key and small entry of each. */
const ENDING = script(
  `
local keys = redis.call('ZRANGE', KEYS[2], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', '0', ARGV[2], 'WITHSCORES')
local found = {#keys >= 2 * tonumber(ARGV[2]) and keys[#keys]}
for n = 1, #keys, 2 do
  if string.sub(keys[n], -#ARGV[3]) == ARGV[3] then
    local size = redis.call('HSTRLEN', KEYS[1], keys[n]) - ${HEADER}
    local entry = size <= ${SMALL_VALUE} and redis.call('HGET', KEYS[1], keys[n])
    local wanted = #ARGV < 4
    for v = 4, #ARGV do
      if #ARGV[v] == size then wanted = wanted or string.sub(entry or redis.call('HGET', KEYS[1], keys[n]), ${HEADER + 1}) == ARGV[v] end
    end
    if wanted then
      table.insert(found, keys[n + 1])
      table.insert(found, keys[n])
      table.insert(found, entry)
    end
  end
end
return found`,
  'no-writes',
);

interface Found {
  readonly id: number;
  readonly key: string;
  readonly entry: Buffer | null;
}

/** What tools ask about many entries, answered by scripts in small steps. */
export function createSearches({
  runner,
  layout,
}: MethodParts): Required<Pick<Store, 'entries' | 'withEnding' | 'valuesWithEnding'>> {
  /** In partitions the ids differ: what lies behind the first one that has more is found again with the next cursor. */
  async function search(
    bucket: string,
    ending: string,
    values: readonly Uint8Array[],
    cursor: bigint = 0n,
  ): Promise<{ found: Found[]; next: bigint | undefined }> {
    const places = layout.placesOf(bucket);
    const limit = String(Math.ceil(SCANNED / places.length));
    const words = [`(${cursor}`, limit, utf8(ending), ...values.map((value) => Buffer.from(value))];
    const parts = await Promise.all(
      places.map(async (place) =>
        partIn(await runner.read(place, { script: ENDING, keys: place.keys, words })),
      ),
    );
    const next = Math.min(...parts.map(({ last }) => last));
    const found = parts.flatMap((part) => part.found.filter(({ id }) => id <= next));
    return {
      found: found.sort((one, other) => one.id - other.id),
      next: next === Number.POSITIVE_INFINITY ? undefined : BigInt(next),
    };
  }

  return {
    async entries(bucket, from, limit) {
      const first = Buffer.concat([Buffer.from('['), utf8(from)]);
      const read = async (place: Place, count: number): Promise<(EntryInfo & { bytes: Buffer })[]> => {
        const words = [first, String(count)];
        const reply = (await runner.read(place, { script: ENTRIES, keys: place.keys, words })) as Reply[];
        const entries = Array.from({ length: reply.length / 3 }, async (_, at) => {
          const [key, size, header] = reply.slice(3 * at, 3 * at + 3) as [Buffer, number, Buffer | null];
          const entry = header ?? (await runner.read(place, { words: ['HGET', place.keys[0], key] }));
          const updated = entry === null ? 0 : updatedIn(entry as Buffer);
          return { key: String(key), size: Number(size), updated, bytes: key };
        });
        return Promise.all(entries);
      };
      const found = await merged(layout.placesOf(bucket), Math.min(limit, PAGE_SIZE), read, (one, other) =>
        Buffer.compare(one.bytes, other.bytes),
      );
      return found.map(({ key, size, updated }) => ({ key, size, updated }));
    },
    async withEnding(bucket, ending, values, cursor) {
      const { found, next } = await search(bucket, ending, values, cursor);
      return { keys: found.map(({ key }) => key), cursor: next };
    },
    async valuesWithEnding(bucket, ending, cursor) {
      const { found, next } = await search(bucket, ending, [], cursor);
      return {
        entries: found.map(({ key, entry }) => [key, entry === null ? undefined : valueIn(entry)]),
        cursor: next,
      };
    },
  };
}

function partIn(reply: Reply): { last: number; found: Found[] } {
  const [last, ...words] = reply as (Buffer | null)[];
  return {
    last: last ? Number(String(last)) : Number.POSITIVE_INFINITY,
    found: Array.from({ length: words.length / 3 }, (_, at) => ({
      id: Number(String(words[3 * at])),
      key: String(words[3 * at + 1]),
      entry: words[3 * at + 2] ?? null,
    })),
  };
}
