import { describe, expect, test } from 'vitest';
import { insecure, insecureSeed, random } from '../../../host/random/random.ts';

const offers = { ...random, ...insecure, ...insecureSeed } as unknown as {
  getRandomBytes(length: bigint): Uint8Array;
  getRandomU64(): bigint;
  getInsecureRandomBytes(length: bigint): Uint8Array;
  getInsecureRandomU64(): bigint;
  insecureSeed(): [bigint, bigint];
};

describe('random', () => {
  for (const name of ['getRandomBytes', 'getInsecureRandomBytes'] as const) {
    test(`${name} gives as many as asked for, each time others`, () => {
      expect(offers[name](0n)).toHaveLength(0);
      expect(offers[name](100_000n)).toHaveLength(100_000);
      expect(offers[name](32n)).not.toEqual(offers[name](32n));
    });

    test(`${name} traps on a length that would take the memory`, () => {
      expect(() => offers[name](2n ** 64n - 1n)).toThrow(WebAssembly.RuntimeError);
    });
  }

  test('numbers and seeds differ each time', () => {
    const numbers = [
      offers.getRandomU64(),
      offers.getRandomU64(),
      offers.getInsecureRandomU64(),
      offers.getInsecureRandomU64(),
      ...offers.insecureSeed(),
      ...offers.insecureSeed(),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(BigInt.asUintN(64, number)).toBe(number);
  });
});
