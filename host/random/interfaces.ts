import type { Interfaces } from '../interfaces.ts';
import { createRandom } from './random.ts';

/** The interfaces of `wasi:random`, on one pool of random bytes. */
export function randomInterfaces(): Interfaces {
  const { random, insecure, insecureSeed } = createRandom();
  return {
    'wasi:random/random@0.2': random,
    'wasi:random/insecure@0.2': insecure,
    'wasi:random/insecure-seed@0.2': insecureSeed,
  };
}
