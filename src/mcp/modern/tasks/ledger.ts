import { RESERVED_PREFIX, type Store, WasmcpError } from '../../../../host/index.ts';
import { LONG } from '../../long-values/long-finder.ts';
import { LongValue } from '../../long-values/long-value.ts';
import type { JsonObject } from '../client-message.ts';
import { decode, encode, ended, failed, isExpired, isOver, type Outcome, type TaskRecord } from './record.ts';

/** Where tasks are stored, and their results: the records stay small, because hosts read many of them. */
export const BUCKET: string = `${RESERVED_PREFIX}tasks`;
export const RESULTS: string = `${RESERVED_PREFIX}task-results`;

/** Clients without a principal, who share one limit. */
const NOBODY = '-';

/** Largest error of a task, in bytes. It is in the record. */
const MAX_ERROR: number = 64 * 1024;

/** The key of a task: only its owner finds it. */
export function keyOf(owner: string | undefined, id: string): string {
  return `${owner ?? NOBODY}/${id}`;
}

/**
 * Tasks in a store. A task ends once: each end is written only if the task has not ended, whichever host writes it. A result is
 * written before the record that refers to it.
 */
export class TaskLedger {
  readonly #store: Store;
  readonly #maxResult: number;

  /** `maxResult` is in bytes. */
  constructor(store: Store, maxResult: number) {
    this.#store = store;
    this.#maxResult = maxResult;
  }

  async create(key: string, record: TaskRecord): Promise<void> {
    await this.#store.set(BUCKET, key, encode(record));
  }

  async read(key: string): Promise<TaskRecord | undefined> {
    const value = await this.#store.get(BUCKET, key);
    return value && decode(value);
  }

  /** The records of those that there are, in order. What guests ask makes some of them large: a store reads few of these at once. */
  async *readMany(keys: readonly string[]): AsyncGenerator<readonly [key: string, record: TaskRecord]> {
    const values = await this.#readAtOnce(keys);
    if (values === undefined) {
      const half = keys.length >> 1;
      yield* this.readMany(keys.slice(0, half));
      yield* this.readMany(keys.slice(half));
    } else {
      for (const [i, value] of values.entries()) if (value !== undefined) yield [keys[i]!, decode(value)];
    }
  }

  /** Undefined if they are too large together. */
  async #readAtOnce(keys: readonly string[]): Promise<(Uint8Array | undefined)[] | undefined> {
    if (keys.length === 1) return [await this.#store.get(BUCKET, keys[0]!)];
    try {
      return await this.#store.getMany(BUCKET, keys);
    } catch (error) {
      if (error instanceof WasmcpError && error.code === 'store-limit') return undefined;
      throw error;
    }
  }

  /** @throws TypeError if there is none, which a completed task has */
  async result(key: string): Promise<JsonObject | LongValue> {
    const value = await this.#store.get(RESULTS, key);
    if (value === undefined) throw new TypeError('a completed task has no result');
    // It was written here, as one value.
    return value.length > LONG ? new LongValue(Buffer.from(value)) : decode<JsonObject>(value);
  }

  /** Ends a task unless it has ended already. Returns it as it is now; undefined if there is none. */
  async end(key: string, outcome: Outcome): Promise<TaskRecord | undefined> {
    const possible = await this.#withResult(key, outcome);
    const record = await this.change(key, (current) => ended(current, possible, Date.now()));
    // Only the host that runs a task completes it, so this one has done so if it is completed.
    const isUnused = possible.status === 'completed' && record?.status !== 'completed';
    if (isUnused) await this.#store.delete(RESULTS, key);
    return record;
  }

  /**
   * Changes a task unless it has ended. `changed` returns undefined to leave it as it is. Returns the task as it is now; undefined
   * if there is none.
   */
  async change(
    key: string,
    changed: (record: TaskRecord) => TaskRecord | undefined,
  ): Promise<TaskRecord | undefined> {
    for (;;) {
      const { value, version } = await this.#store.read(BUCKET, key);
      const record = value && decode<TaskRecord>(value);
      const next = record === undefined || isOver(record) ? undefined : changed(record);
      if (next === undefined) return record;
      if (await this.#store.swap(BUCKET, key, version, encode(next))) return next;
    }
  }

  async remove(keys: readonly string[]): Promise<void> {
    await this.#store.deleteMany(RESULTS, keys);
    await this.#store.deleteMany(BUCKET, keys);
  }

  /** How many tasks of this owner are kept, up to `most`. Removes expired ones if there are so many. */
  async count(owner: string | undefined, most: number): Promise<number> {
    const prefix = keyOf(owner, '');
    const keys = await this.#store.range(BUCKET, prefix, most);
    const own = keys.filter((key) => key.startsWith(prefix));
    if (own.length < most) return own.length;
    return own.length - (await this.#removeExpired(own, () => {}));
  }

  /** Removes expired tasks, and calls `working` with each one that has not ended. */
  async sweep(working: (key: string, record: TaskRecord) => void): Promise<void> {
    let cursor: bigint | undefined;
    do {
      const page = await this.#store.list(BUCKET, cursor);
      await this.#removeExpired(page.keys, working);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  async #removeExpired(
    keys: readonly string[],
    working: (key: string, record: TaskRecord) => void,
  ): Promise<number> {
    const now = Date.now();
    const expired: string[] = [];
    for await (const [key, record] of this.readMany(keys)) {
      if (!isOver(record)) working(key, record);
      else if (isExpired(record, now)) expired.push(key);
    }
    if (expired.length > 0) await this.remove(expired);
    return expired.length;
  }

  /** Stores the result. One that is too large makes the task fail, and an error that is too large is not kept. */
  async #withResult(key: string, outcome: Outcome): Promise<Outcome> {
    if (outcome.status === 'failed') {
      const { length } = encode(outcome.error);
      return length <= MAX_ERROR ? outcome : failed(`the error of the server has ${length} bytes`);
    }
    if (outcome.status !== 'completed') return outcome;
    const bytes = encode(outcome.result);
    if (bytes.length > this.#maxResult) {
      const text = `the result has ${bytes.length} bytes, the store takes ${this.#maxResult} (--max-value)`;
      return failed(text);
    }
    await this.#store.set(RESULTS, key, bytes);
    return outcome;
  }
}
