import { describe, expect, test } from 'vitest';
import { Guest } from '../../../host/index.ts';
import { createRandom } from '../../../host/random/random.ts';

const { random, insecure, insecureSeed } = createRandom();

const guest = new Guest();
const offers = { ...random(guest), ...insecure(guest), ...insecureSeed(guest) } as unknown as {
  getRandomBytes(length: bigint): Uint8Array;
  getRandomU64(): bigint;
  getInsecureRandomBytes(length: bigint): Uint8Array;
  getInsecureRandomU64(): bigint;
  insecureSeed(): [bigint, bigint];
};

describe('random', () => {
  test.each(['getRandomBytes', 'getInsecureRandomBytes'] as const)(
    '%s returns as many as requested, different each time',
    (name) => {
      expect(offers[name](0n)).toHaveLength(0);
      expect(offers[name](100_000n)).toHaveLength(100_000);
      expect(offers[name](32n)).not.toEqual(offers[name](32n));
    },
  );

  test.each(['getRandomBytes', 'getInsecureRandomBytes'] as const)(
    '%s traps on a length that would exhaust memory',
    (name) => {
      expect(() => offers[name](2n ** 64n - 1n)).toThrow(WebAssembly.RuntimeError);
    },
  );

  test('numbers differ each time', () => {
    const numbers = [
      offers.getRandomU64(),
      offers.getRandomU64(),
      offers.getInsecureRandomU64(),
      offers.getInsecureRandomU64(),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(BigInt.asUintN(64, number)).toBe(number);
  });

  test('the seed is constant during a request, and different in the next', () => {
    const [low, high] = offers.insecureSeed();
    expect(low).not.toBe(high);
    expect(offers.insecureSeed()).toEqual([low, high]);
    guest.release();
    const next = offers.insecureSeed();
    expect([low, high]).not.toContain(next[0]);
    expect(next.map((number) => BigInt.asUintN(64, number))).toEqual(next);
  });
});

test('many small requests never return the same bytes, also across refills of the pool', () => {
  const getRandomBytes = random(guest).getRandomBytes as (length: bigint) => Uint8Array;
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const bytes = getRandomBytes(BigInt(8 + (i % 24)));
    expect(bytes.length).toBe(8 + (i % 24));
    expect(bytes.some((byte) => byte !== 0)).toBe(true);
    seen.add(Buffer.from(bytes.subarray(0, 8)).toString('hex'));
  }
  expect(seen.size).toBe(5000);
});
