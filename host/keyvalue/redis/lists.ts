import { WasmcpError } from '../../error.ts';
import { PAGE_SIZE, type Store } from '../store.ts';
import { utf8 } from './layout.ts';
import type { Reply } from './link.ts';
import { merged } from './partitions.ts';
import type { MethodParts } from './parts.ts';

/** Ids are exact as floating-point numbers. */
const LARGEST_ID = BigInt(Number.MAX_SAFE_INTEGER);

/** The keys of a bucket, of all its partitions. */
export function createLists({ runner, layout, clock }: MethodParts): Pick<Store, 'list' | 'range'> {
  return {
    async list(bucket, cursor = 0n) {
      if (cursor < 0n || cursor > LARGEST_ID) {
        throw new WasmcpError('cursor-invalid', `${cursor} is not a cursor that this store returned`);
      }
      const found = await merged(
        layout.placesOf(bucket),
        PAGE_SIZE + 1,
        async (place, limit) => {
          const end = ['+inf', 'BYSCORE', 'LIMIT', '0', String(limit), 'WITHSCORES'];
          return idsIn(await runner.read(place, { words: ['ZRANGE', place.keys[1], `(${cursor}`, ...end] }));
        },
        (one, other) => one.id - other.id,
      );
      const page = found.slice(0, PAGE_SIZE);
      const last = page.at(-1)?.id ?? 0;
      clock.seen(last);
      return {
        keys: page.map(({ key }) => key),
        cursor: found.length > PAGE_SIZE ? BigInt(last) : undefined,
      };
    },
    async range(bucket, from, limit) {
      const first = Buffer.concat([Buffer.from('['), utf8(from)]);
      const found = await merged(
        layout.placesOf(bucket),
        Math.min(limit, PAGE_SIZE),
        async (place, limit) => {
          const words = ['ZRANGE', place.keys[2], first, '+', 'BYLEX', 'LIMIT', '0', String(limit)];
          return (await runner.read(place, { words })) as Buffer[];
        },
        Buffer.compare,
      );
      return found.map(String);
    },
  };
}

function idsIn(reply: Reply): { id: number; key: string }[] {
  const words = reply as Buffer[];
  return Array.from({ length: words.length / 2 }, (_, at) => ({
    key: String(words[2 * at]),
    id: Number(String(words[2 * at + 1])),
  }));
}
