import { expect, test } from 'vitest';
import { createPool, FINE, type Watched } from './watched-pool.ts';

const MEBIBYTE = 1024 ** 2;

/** A pool whose instances have so many bytes, and what it wants to do when there is time. */
function createCalmPool(bytes: number, options: Parameters<typeof createPool>[0] = {}) {
  const calls: { make: () => void; soon: boolean }[] = [];
  const watched = createPool({
    idleLimit: 64,
    spares: { bytes: () => bytes, whenCalm: (make, soon) => void calls.push({ make, soon }) },
    ...options,
  });
  return {
    ...watched,
    /** Lets time pass; returns whether the pool was in a hurry, each time. */
    calm(): boolean[] {
      const soon: boolean[] = [];
      for (let next = calls.shift(); next !== undefined; next = calls.shift()) {
        soon.push(next.soon);
        next.make();
      }
      return soon;
    },
  };
}

function serveOne({ pool }: Watched): void {
  pool.give(pool.take(), FINE);
}

test('none are made before the first request, and then one after another, as many as are useful', () => {
  const served = createCalmPool(MEBIBYTE);
  expect(served.calm()).toEqual([]);
  serveOne(served);
  expect(served.calm()).toEqual(Array(10).fill(true));
  expect([served.pool.idle, served.created.length]).toEqual([12, 12]);
  serveOne(served);
  served.calm();
  expect(served.created.length).toBe(12);
});

test('requests that come at the same time use them, and those that are missing are made without haste', () => {
  const { pool, created, calm } = createCalmPool(MEBIBYTE);
  pool.give(pool.take(), FINE);
  calm();
  const taken = Array.from({ length: 5 }, () => pool.take());
  expect([created.length, new Set(taken).size]).toEqual([12, 5]);
  expect(calm()).toEqual(Array(5).fill(false));
  expect([pool.idle, created.length]).toEqual([12, 17]);
});

test('large instances have fewer of them, or none', () => {
  for (const [size, idle] of [
    [10 * MEBIBYTE, 7],
    [20 * MEBIBYTE, 4],
    [200 * MEBIBYTE, 2],
  ] as const) {
    const served = createCalmPool(size);
    serveOne(served);
    served.calm();
    expect(served.pool.idle).toBe(idle);
  }
});

test('none are made once memory was short', () => {
  const served = createCalmPool(MEBIBYTE);
  serveOne(served);
  served.pool.relinquish();
  served.calm();
  serveOne(served);
  expect(served.calm()).toEqual([]);
  expect(served.pool.idle).toBe(1);
});

test('none are made if instances cannot be restored, or cannot be made', () => {
  let number = 0;
  const differing = createCalmPool(MEBIBYTE, { number: () => number++ });
  serveOne(differing);
  differing.calm();
  const { length } = differing.created;
  serveOne(differing);
  expect(differing.calm()).toEqual([]);
  expect([differing.pool.idle, differing.created.length]).toEqual([0, length + 1]);
  let isBroken = false;
  const broken = createCalmPool(MEBIBYTE, {
    number() {
      if (isBroken) throw new Error('no memory');
      return 0;
    },
  });
  serveOne(broken);
  isBroken = true;
  expect(broken.calm()).toHaveLength(1);
  serveOne(broken);
  expect(broken.calm()).toEqual([]);
  expect(broken.pool.idle).toBe(2);
});
