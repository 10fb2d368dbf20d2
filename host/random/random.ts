import { randomFillSync } from 'node:crypto';
import type { Implementation } from '../options.ts';

/** Most bytes of one call: a guest may ask for 2^64. */
const MAX_BYTES: number = 64 * 1024 * 1024;

function bytes(length: bigint): Uint8Array {
  if (length > MAX_BYTES) throw new WebAssembly.RuntimeError(`more than ${MAX_BYTES} random bytes at once`);
  return randomFillSync(new Uint8Array(Number(length)));
}

function u64(): bigint {
  return randomFillSync(new BigUint64Array(1))[0]!;
}

/** `wasi:random/random`. */
export const random: Implementation = { getRandomBytes: bytes, getRandomU64: u64 };

/** `wasi:random/insecure`: as good as the secure one, since guests often pick the wrong one. */
export const insecure: Implementation = { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 };

/** `wasi:random/insecure-seed`: differs between instances, so that colliding hash keys cannot be prepared. */
export const insecureSeed: Implementation = { insecureSeed: (): [bigint, bigint] => [u64(), u64()] };
