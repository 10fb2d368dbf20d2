import { randomFillSync } from 'node:crypto';
import type { Guest } from '../guest.ts';
import type { Implementation } from '../options.ts';

/** Maximum number of bytes of one call: a guest may request 2^64. */
const MAX_BYTES: number = 64 * 1024 * 1024;

/** Bytes generated at a time: guests request few, and a call of the system's generator costs as much for all of these. */
const POOL_SIZE = 4096;

/** The interfaces of `wasi:random`, each for one guest. */
export interface Random {
  random(guest: Guest): Implementation;
  /** As secure as `random`, since guests often pick the wrong one. */
  insecure(guest: Guest): Implementation;
  /** Constant during one request and different in each, so that colliding hash keys cannot be prepared. */
  insecureSeed(guest: Guest): Implementation;
}

export function createRandom(): Random {
  const pool = Buffer.alloc(POOL_SIZE);
  let unused = 0;

  /** Returns bytes that were not used before, and erases them in the pool. */
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
    // Released at once: the guest gets a copy, and the host holds nothing.
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
