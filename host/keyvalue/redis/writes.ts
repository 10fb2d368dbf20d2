import { added } from '../counter.ts';
import type { Fence } from '../leases.ts';
import { checkBatch } from '../network/outcomes.ts';
import type { Store } from '../store.ts';
import { type Place, stripeOf, utf8 } from './layout.ts';
import type { Reply, Word } from './link.ts';
import { grouped, inParts } from './partitions.ts';
import type { MethodParts } from './parts.ts';
import { SCRIPTS } from './scripts.ts';
import { createWriteStep } from './write-step.ts';

/** Maximum size of the values of one batch: the engine closes a connection that sends it a gigabyte at once. */
const COMMAND_BYTES = 512 * 1024 * 1024;

type Writes = Pick<Store, 'set' | 'delete' | 'setMany' | 'deleteMany' | 'increment' | 'swap'>;

/** @param isReported whether followers of the store are notified */
export function createWrites(parts: MethodParts, isReported: boolean): Writes {
  const { runner, layout, url, clock } = parts;
  const write = createWriteStep(parts, isReported);
  /** What scripts that create keys need: the time, and from where on ids are free. */
  function stamp({ partition }: Place): Word[] {
    const { partitions } = layout;
    const id = partitions === 1 ? 0 : clock.next(partition);
    return [String(Date.now()), String(id), String(partitions)];
  }

  async function setMany(
    bucket: string,
    entries: readonly (readonly [string, Uint8Array])[],
    fence?: Fence,
  ): Promise<void> {
    // The later of two entries for one key wins.
    const latest = [...new Map(entries)].map(([key, value]) => ({ field: utf8(key), value }));
    checkBatch(
      latest.map(({ value }) => value),
      COMMAND_BYTES,
    );
    const groups = grouped(latest, ({ field }) => layout.placeOf(bucket, field));
    await inParts(groups, url, async (place, group) => {
      const words = stamp(place);
      for (const { field, value } of group) words.push(field, bufferOf(value));
      await write(place, fence, SCRIPTS.set, words);
    });
    if (groups.size === 0) await runner.requireOpen();
  }

  async function deleteMany(bucket: string, keys: readonly string[], fence?: Fence): Promise<void> {
    const fields = [...new Set(keys)].map(utf8);
    const groups = grouped(fields, (field) => layout.placeOf(bucket, field));
    await inParts(groups, url, async (place, group) => {
      const words = group.flatMap((field) => [field, stripeOf(field)]);
      await write(place, fence, SCRIPTS.delete, words);
    });
    if (groups.size === 0) await runner.requireOpen();
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
