import { randomFillSync } from 'node:crypto';
import type { Guest } from '../guest.ts';
import type { Implementation } from '../options.ts';

/** Most bytes of one call: a guest may ask for 2^64. */
const MAX_BYTES: number = 64 * 1024 * 1024;

/** Bytes fetched at once: guests ask for a few at a time, and each trip to the system's generator costs as much as these. */
const POOL_SIZE = 4096;

/** The interfaces of `wasi:random`. */
export interface RandomInterfaces {
  random(guest: Guest): Implementation;
  /** As good as the secure one, since guests often pick the wrong one. */
  insecure(guest: Guest): Implementation;
  /** The same during one request, and another in each, so that colliding hash keys cannot be prepared. */
  insecureSeed(guest: Guest): Implementation;
}

export function createRandom(): RandomInterfaces {
  const pool = Buffer.alloc(POOL_SIZE);
  let unused = 0;

  /** Bytes that nobody was given before. Those of the pool are erased as they leave it. */
  function take(length: number): Uint8Array {
    if (length > POOL_SIZE / 8) return randomFillSync(new Uint8Array(length));
    if (length > unused) {
      randomFillSync(pool);
      unused = POOL_SIZE;
    }
    const taken = pool.subarray(unused - length, unused);
    unused -= length;
    const bytes = Uint8Array.from(taken);
    taken.fill(0);
    return bytes;
  }

  function bytes({ budget }: Guest, length: bigint): Uint8Array {
    if (length > MAX_BYTES) {
      throw new WebAssembly.RuntimeError(`more than ${MAX_BYTES} random bytes at once`);
    }
    // The guest gets a copy at once, so that they are never held.
    budget.charge(Number(length));
    budget.release(Number(length));
    return take(Number(length));
  }

  const u64 = (): bigint => new DataView(take(8).buffer).getBigUint64(0);

  return {
    random: (guest) => ({
      getRandomBytes: (length: bigint): Uint8Array => bytes(guest, length),
      getRandomU64: u64,
    }),
    insecure: (guest) => ({
      getInsecureRandomBytes: (length: bigint): Uint8Array => bytes(guest, length),
      getInsecureRandomU64: u64,
    }),
    insecureSeed(guest) {
      let seed: [bigint, bigint] | undefined;
      const draw = (): [bigint, bigint] => {
        guest.onRelease(() => {
          seed = undefined;
        });
        return [u64(), u64()];
      };
      return {
        insecureSeed: (): [bigint, bigint] => {
          seed ??= draw();
          return seed;
        },
      };
    },
  };
}
