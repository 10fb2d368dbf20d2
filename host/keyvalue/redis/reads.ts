import { WasmcpError } from '../../error.ts';
import { BATCH_BYTES, type Store } from '../store.ts';
import { HEADER, stripeOf, updatedIn, utf8, valueIn, versionIn } from './layout.ts';
import type { Reply, Word } from './link.ts';
import { grouped } from './partitions.ts';
import type { MethodParts } from './parts.ts';
import { SCRIPTS } from './scripts.ts';

/** How many keys the engine looks at in one step of a search for buckets, and how many milliseconds the search may take. */
const SCAN_STEP = 1000;
const SCAN_TIME = 60_000;

type Reads = Pick<Store, 'get' | 'exists' | 'getMany' | 'read' | 'buckets'>;

export function createReads({ runner, layout, url }: MethodParts): Reads {
  return {
    async get(bucket, key) {
      const field = utf8(key);
      const place = layout.placeOf(bucket, field);
      const entry = await runner.read(place, { words: ['HGET', place.keys[0], field] });
      return entry === null ? undefined : valueIn(entry as Buffer);
    },
    async exists(bucket, key) {
      const field = utf8(key);
      const place = layout.placeOf(bucket, field);
      return (await runner.read(place, { words: ['HEXISTS', place.keys[0], field] })) === 1;
    },
    async getMany(bucket, keys) {
      const times = new Map<string, number>();
      for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
      const fields = [...times].map(([key, count]) => ({ key, count, field: utf8(key) }));
      const found = new Map<string, Buffer | null>();
      let size = 0;
      const groups = grouped(fields, ({ field }) => layout.placeOf(bucket, field));
      // Each part is limited, and so is their sum.
      await Promise.all(
        [...groups].map(async ([place, group]) => {
          const words: Word[] = [String(BATCH_BYTES)];
          for (const { field, count } of group) words.push(field, String(count));
          const entries = await runner.read(place, { script: SCRIPTS.getMany, keys: place.keys, words });
          if (entries === null) throw batchTooLarge(keys.length);
          for (const [at, { key, count }] of group.entries()) {
            const entry = (entries as (Buffer | null)[])[at]!;
            size += entry === null ? 0 : (entry.byteLength - HEADER) * count;
            found.set(key, entry);
          }
          if (size > BATCH_BYTES) throw batchTooLarge(keys.length);
        }),
      );
      if (keys.length === 0) await runner.requireOpen();
      return keys.map((key) => {
        const entry = found.get(key);
        return entry ? valueIn(entry) : undefined;
      });
    },
    async read(bucket, key) {
      const field = utf8(key);
      const place = layout.placeOf(bucket, field);
      const words = [field, stripeOf(field)];
      const [entry, version] = (await runner.read(place, {
        script: SCRIPTS.read,
        keys: place.keys,
        words,
      })) as Reply[];
      if (entry === null) return { value: undefined, version: BigInt(String(version)), updated: undefined };
      const bytes = entry as Buffer;
      return { value: valueIn(bytes), version: versionIn(bytes), updated: updatedIn(bytes) };
    },
    async buckets() {
      const found = new Set<string>();
      const deadline = performance.now() + SCAN_TIME;
      await runner.onEachServer(async (send) => {
        let cursor = '0';
        do {
          if (performance.now() > deadline) throw tooManyKeys(url);
          const words = ['SCAN', cursor, 'MATCH', layout.valuesPattern, 'COUNT', String(SCAN_STEP)];
          const [next, keys] = (await send(words)) as [Buffer, Buffer[]];
          for (const key of keys) found.add(layout.bucketOf(String(key)));
          cursor = String(next);
        } while (cursor !== '0');
      });
      return [...found];
    },
  };
}

function tooManyKeys(url: string): WasmcpError {
  return new WasmcpError(
    'store-busy',
    `${url} has too many keys of other programs to find its buckets: give the store a database of its own`,
  );
}

function batchTooLarge(keys: number): WasmcpError {
  return new WasmcpError(
    'store-limit',
    `the values of these ${keys} keys exceed ${BATCH_BYTES} bytes, the limit of one batch: request fewer keys`,
  );
}
