import { WasmcpError } from '../../error.ts';
import { added } from '../counter.ts';
import { type Fence, leaseLost } from '../leases.ts';
import { checkBatch } from '../network/outcomes.ts';
import { BATCH_BYTES, PAGE_SIZE, type Store } from '../store.ts';
import { isFenced } from './errors.ts';
import { type Layout, type Place, stripeOf, updatedIn, utf8, valueIn, versionIn } from './layout.ts';
import type { Reply, Word } from './link.ts';
import type { Runner } from './runner.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** Ids are exact as floating-point numbers. */
const LARGEST_ID = BigInt(Number.MAX_SAFE_INTEGER);

/** Maximum size of the values of one batch: the engine closes a connection that sends it a gigabyte at once. */
const COMMAND_BYTES = 512 * 1024 * 1024;

type Methods = Omit<Store, 'url' | 'guarantee' | 'close'>;

/** The methods of a store on Redis, each one command or script. */
export function createMethods(runner: Runner, layout: Layout): Methods {
  return { ...createReads(runner, layout), ...createWrites(runner, layout) };
}

type Reads = Pick<Store, 'get' | 'exists' | 'list' | 'range' | 'getMany' | 'read' | 'buckets'>;

function createReads(runner: Runner, layout: Layout): Reads {
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
    async list(bucket, cursor = 0n) {
      if (cursor < 0n || cursor > LARGEST_ID) {
        throw new WasmcpError('cursor-invalid', `${cursor} is not a cursor that this store returned`);
      }
      const [place] = layout.placesOf(bucket);
      const limit = ['LIMIT', '0', String(PAGE_SIZE + 1), 'WITHSCORES'];
      const words = ['ZRANGE', place!.keys[1], `(${cursor}`, '+inf', 'BYSCORE', ...limit];
      const found = (await runner.read(place!, { words })) as Buffer[];
      const page = found.slice(0, 2 * PAGE_SIZE);
      return {
        keys: page.filter((_, at) => at % 2 === 0).map(String),
        cursor: found.length > page.length ? BigInt(String(page.at(-1))) : undefined,
      };
    },
    async range(bucket, from, limit) {
      const [place] = layout.placesOf(bucket);
      const first = Buffer.concat([Buffer.from('['), utf8(from)]);
      const last = ['+', 'BYLEX', 'LIMIT', '0', String(Math.min(limit, PAGE_SIZE))];
      const found = await runner.read(place!, { words: ['ZRANGE', place!.keys[2], first, ...last] });
      return (found as Buffer[]).map(String);
    },
    async getMany(bucket, keys) {
      const times = new Map<string, number>();
      for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
      const [place] = layout.placesOf(bucket);
      const words: Word[] = [String(BATCH_BYTES)];
      for (const [key, count] of times) words.push(utf8(key), String(count));
      const entries = await runner.read(place!, { script: SCRIPTS.getMany, keys: place!.keys, words });
      if (entries === null) throw batchTooLarge(keys.length);
      const found = new Map([...times.keys()].map((key, at) => [key, (entries as (Buffer | null)[])[at]]));
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
      await runner.onEachServer(async (send) => {
        let cursor = '0';
        do {
          const words = ['SCAN', cursor, 'MATCH', layout.valuesPattern, 'COUNT', '1000'];
          const [next, keys] = (await send(words)) as [Buffer, Buffer[]];
          for (const key of keys) found.add(layout.bucketOf(String(key)));
          cursor = String(next);
        } while (cursor !== '0');
      });
      return [...found];
    },
  };
}

type Writes = Pick<Store, 'set' | 'delete' | 'setMany' | 'deleteMany' | 'increment' | 'swap'>;

function createWrites(runner: Runner, layout: Layout): Writes {
  /** What scripts that create keys need: the time, and from where on ids are free. */
  function stamp(_place: Place): Word[] {
    return [String(Date.now()), '0', '1'];
  }

  async function write(
    place: Place,
    fence: Fence | undefined,
    script: Script,
    words: readonly Word[],
  ): Promise<Reply> {
    const lease = fence && layout.placeOf(fence.bucket, utf8(fence.name));
    const keys = [...place.keys, (lease ?? place).leaseKeys[0]];
    const held = fence === undefined ? ['', ''] : [fence.name, `${fence.token}`];
    try {
      return await runner.write(place, { script, keys, words: [...held, ...words] });
    } catch (error) {
      throw fence !== undefined && isFenced(error) ? leaseLost(fence) : error;
    }
  }

  async function setMany(
    bucket: string,
    entries: readonly (readonly [string, Uint8Array])[],
    fence?: Fence,
  ): Promise<void> {
    const [place] = layout.placesOf(bucket);
    // The later of two entries for one key wins.
    const latest = [...new Map(entries)];
    checkBatch(
      latest.map(([, value]) => value),
      COMMAND_BYTES,
    );
    const words = stamp(place!);
    for (const [key, value] of latest) words.push(utf8(key), bufferOf(value));
    await write(place!, fence, SCRIPTS.set, words);
  }

  async function deleteMany(bucket: string, keys: readonly string[], fence?: Fence): Promise<void> {
    const [place] = layout.placesOf(bucket);
    const fields = [...new Set(keys)].map(utf8);
    const words = fields.flatMap((field) => [field, stripeOf(field)]);
    await write(place!, fence, SCRIPTS.delete, words);
  }

  return {
    set: (bucket, key, value, fence) => setMany(bucket, [[key, value]], fence),
    delete: (bucket, key, fence) => deleteMany(bucket, [key], fence),
    setMany,
    deleteMany,
    async increment(bucket, key, delta, bounds, fence) {
      const field = utf8(key);
      const place = layout.placeOf(bucket, field);
      const words = [...stamp(place), field, `${delta}`, `${bounds.min}`, `${bounds.max}`];
      const [done, text] = (await write(place, fence, SCRIPTS.increment, words)) as Reply[];
      if (done === 1) return BigInt(String(text));
      added(text === null ? undefined : (text as Buffer), delta, bounds);
      throw new TypeError('the engine refuses a sum within the bounds');
    },
    async swap(bucket, key, version, value, fence) {
      const field = utf8(key);
      const place = layout.placeOf(bucket, field);
      const words = [...stamp(place), field, bufferOf(value), stripeOf(field), `${version}`];
      return (await write(place, fence, SCRIPTS.swap, words)) === 1;
    },
  };
}

function bufferOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function batchTooLarge(keys: number): WasmcpError {
  return new WasmcpError(
    'store-limit',
    `the values of these ${keys} keys exceed ${BATCH_BYTES} bytes, the limit of one batch: request fewer keys`,
  );
}
