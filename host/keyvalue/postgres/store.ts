import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../error.ts';
import { added } from '../counter.ts';
import { type Fence, leaseLost } from '../leases.ts';
import { checkBatch } from '../network/outcomes.ts';
import { BATCH_BYTES, PAGE_SIZE, type Store } from '../store.ts';
import { byteaArray, byteaOf, type StoredKey, storedKey, textOf, utf8 } from './keys.ts';
import type { Runner } from './runner.ts';
import { createSearches } from './searches.ts';
import type { Row } from './session.ts';
import type { Statements } from './statements.ts';
import type { WriteStatements } from './write-statements.ts';

/** Ids are `bigint`: signed 64-bit. */
const LARGEST_ID = 2n ** 63n - 1n;

/** Maximum size of one statement's parameters in bytes: the server closes the connection on messages of a gigabyte. */
const STATEMENT_BYTES = 512 * 1024 * 1024;

/** Maximum number of milliseconds that a page of `list` waits for transactions in progress, and between two checks. */
const SETTLE = 2000;
const SETTLE_PAUSE = 3;

type Methods = Omit<Store, 'url' | 'guarantee' | 'metrics' | 'close'>;

/** The methods of a store over PostgreSQL, each one statement. */
export function createMethods(runner: Runner, sql: Statements, schema: string): Methods {
  return { ...createReads(runner, sql), ...createSearches(runner, schema), ...createWrites(runner, sql) };
}

type Reads = Pick<Store, 'get' | 'exists' | 'list' | 'range' | 'getMany' | 'read' | 'buckets'>;

function createReads(runner: Runner, sql: Statements): Reads {
  return {
    async get(bucket, key) {
      const [row] = await runner.read(sql.get, keyOf(bucket, key));
      return row && byteaOf(row[0]!);
    },
    async exists(bucket, key) {
      return (await runner.read(sql.exists, keyOf(bucket, key))).length > 0;
    },
    async list(bucket, cursor = 0n) {
      if (cursor < 0n || cursor > LARGEST_ID) {
        throw new WasmcpError('cursor-invalid', `${cursor} is not a cursor that this store returned`);
      }
      const parameters = [utf8(bucket), `${cursor}`, PAGE_SIZE + 1];
      let rows = await runner.read(sql.list, parameters);
      const inProgress = rows.length > PAGE_SIZE ? rows[0]![2] : null;
      // Ids are assigned before commits: a key of a transaction in progress may belong on this page, and no later page has it.
      if (typeof inProgress === 'string') {
        await settled(runner, sql, inProgress);
        rows = await runner.read(sql.list, parameters);
      }
      const page = rows.slice(0, PAGE_SIZE);
      return {
        keys: page.map(([, key]) => textOf(key!)),
        cursor: rows.length > PAGE_SIZE ? BigInt(page.at(-1)![0]!) : undefined,
      };
    },
    async range(bucket, from, limit) {
      const name = utf8(bucket);
      const { head, tail } = storedKey(name, from);
      const rows = await runner.read(sql.range, [name, head, tail, Math.min(limit, PAGE_SIZE)]);
      return rows.map(([key]) => textOf(key!));
    },
    async getMany(bucket, keys) {
      const name = utf8(bucket);
      const times = new Map<string, number>();
      for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
      const wanted = [...times.keys()];
      const stored = wanted.map((key) => storedKey(name, key));
      const counts = [...times.values()];
      const rows = await runner.read(sql.getMany, [name, ...arraysOf(stored), counts]);
      const found = new Map<string, Uint8Array>();
      for (const [n, value] of rows) {
        if (value === null || value === undefined) throw batchTooLarge(keys.length);
        found.set(wanted[Number(n) - 1]!, byteaOf(value));
      }
      const given = new Set<string>();
      return keys.map((key) => {
        const value = found.get(key);
        // The caller owns each result.
        if (value !== undefined && given.has(key)) return new Uint8Array(value);
        given.add(key);
        return value;
      });
    },
    async read(bucket, key) {
      const [row] = await runner.read(sql.read, [...keyOf(bucket, key), storedKey(utf8(bucket), key).stripe]);
      const [value, updated, version] = row!;
      return {
        value: typeof value === 'string' ? byteaOf(value) : undefined,
        version: BigInt(version!),
        updated: typeof updated === 'string' ? Number(updated) : undefined,
      };
    },
    async buckets() {
      return (await runner.read(sql.buckets, [])).map(([name]) => textOf(name!));
    },
  };
}

/** Waits until the transactions before this one have ended, but not for long-running ones, which may be of other programs. */
async function settled(runner: Runner, sql: Statements, transaction: string): Promise<void> {
  const deadline = performance.now() + SETTLE;
  for (;;) {
    const [row] = await runner.read(sql.settled, [transaction]);
    if (row![0] === 't' || performance.now() >= deadline) return;
    await delay(SETTLE_PAUSE);
  }
}

type Writes = Pick<Store, 'set' | 'delete' | 'setMany' | 'deleteMany' | 'increment' | 'swap'>;

function createWrites(runner: Runner, sql: Statements): Writes {
  /** Returns the rows that say that something was written, see `WriteStatements`. */
  async function write(
    name: keyof WriteStatements,
    parameters: readonly unknown[],
    fence: Fence | undefined,
  ): Promise<readonly Row[]> {
    if (fence === undefined) return runner.write(sql.write[name], parameters);
    const { bucket, name: lease, token } = fence;
    try {
      const values = [...parameters, utf8(bucket), utf8(lease), `${token}`];
      const rows = await runner.write(sql.fencedWrite[name], values);
      return rows.filter(([result]) => result !== null);
    } catch (error) {
      throw error instanceof WasmcpError && error.code === 'lease-lost' ? leaseLost(fence) : error;
    }
  }

  async function deleteMany(bucket: string, keys: readonly string[], fence?: Fence): Promise<void> {
    const name = utf8(bucket);
    const stored = [...new Set(keys)].map((key) => storedKey(name, key));
    await write('deleteMany', [name, ...arraysOf(stored), stored.map(({ stripe }) => stripe)], fence);
  }

  return {
    async set(bucket, key, value, fence) {
      await write('set', [...wholeKeyOf(bucket, key), Date.now(), bufferOf(value)], fence);
    },
    delete: (bucket, key, fence) => deleteMany(bucket, [key], fence),
    async setMany(bucket, entries, fence) {
      const name = utf8(bucket);
      // The later of two entries for one key wins.
      const latest = [...new Map(entries)];
      const stored = latest.map(([key]) => storedKey(name, key));
      const values = latest.map(([, value]) => value);
      const tails = byteaArray(stored.map(({ tail }) => tail));
      checkBatch(values, STATEMENT_BYTES);
      await write('setMany', [name, ...arraysOf(stored), tails, Date.now(), byteaArray(values)], fence);
    },
    deleteMany,
    async increment(bucket, key, delta, bounds, fence) {
      const limits = [`${delta}`, `${bounds.min}`, `${bounds.max}`];
      const creates = delta >= bounds.min && delta <= bounds.max;
      for (;;) {
        const [row] = creates
          ? await write('increment', [...wholeKeyOf(bucket, key), Date.now(), ...limits], fence)
          : await write('incrementExisting', [...keyOf(bucket, key), Date.now(), ...limits], fence);
        if (row !== undefined) return BigInt(row[0]!);
        // The sum was refused: the value tells why, unless another writer has changed the counter meanwhile.
        const [stored] = await runner.read(sql.get, keyOf(bucket, key));
        added(stored && byteaOf(stored[0]!), delta, bounds);
      }
    },
    async swap(bucket, key, version, value, fence) {
      // A version outside the engine's `bigint` belongs to no key.
      const known = BigInt.asIntN(64, version) === version ? version : -1n;
      const parameters = [...wholeKeyOf(bucket, key), Date.now(), bufferOf(value), `${known}`];
      const { stripe } = storedKey(utf8(bucket), key);
      return (await write('swap', [...parameters, stripe], fence)).length > 0;
    },
  };
}

function keyOf(bucket: string, key: string): unknown[] {
  const name = utf8(bucket);
  const { head, digest } = storedKey(name, key);
  return [name, head, digest];
}

function wholeKeyOf(bucket: string, key: string): unknown[] {
  const name = utf8(bucket);
  const { head, digest, tail } = storedKey(name, key);
  return [name, head, digest, tail];
}

function arraysOf(keys: readonly StoredKey[]): [Buffer, Buffer] {
  return [byteaArray(keys.map(({ head }) => head)), byteaArray(keys.map(({ digest }) => digest))];
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
