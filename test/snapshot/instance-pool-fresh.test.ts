import { describe, expect, test } from 'vitest';
import type { NewInstance } from '../../src/snapshot/restoration.ts';
import { type Guest, holdGlue } from './guests.ts';
import { createPool, FINE, type Watched } from './watched-pool.ts';

describe('if instances cannot be restored, each request gets a new one, and the reason is reported once', () => {
  function expectFresh({ pool, created, reasons }: Watched, reason: RegExp): void {
    const before = created.length;
    for (let n = 1; n <= 5; n += 1) {
      const instance = pool.take();
      expect(instance.call('count')).toBe(1);
      pool.give(instance, FINE);
      expect(created.length - before).toBe(n);
    }
    expect(pool.isolation).toBe('fresh');
    expect(pool.idle).toBe(0);
    expect(reasons).toEqual([expect.stringMatching(reason)]);
  }

  test('known in advance: no instance is created before the first request', () => {
    const watched = createPool({ unrestorable: 'a module changes a table' });
    expect(watched.created).toEqual([]);
    expectFresh(watched, /^a module changes a table$/);
  });

  test('instantiation called the host for values such as the time', () => {
    expectFresh(
      createPool({ alter: () => ({ hasNondeterministicInit: () => true }) }),
      /calls the host during instantiation/,
    );
  });

  test('two instances differ right after instantiation', () => {
    let number = 0;
    expectFresh(createPool({ number: () => number++ }), /differ after instantiation \(memory 0 at byte 8\)/);
  });

  test('a later instance differs: idle ones are dropped', () => {
    let number = 7;
    const watched = createPool({ number: () => number });
    expect(watched.reasons).toEqual([]);
    const [a, b] = [watched.pool.take(), watched.pool.take()];
    watched.pool.give(a, FINE);
    watched.pool.take();
    number = 8;
    const third = watched.pool.take();
    expect(third.call('count')).toBe(1);
    watched.pool.give(b, FINE);
    watched.pool.give(third, FINE);
    expectFresh(watched, /memory 0 at byte 8/);
  });

  test('an instance with more memory than the first', () => {
    let made = 0;
    const alter = ({ instance }: NewInstance<Guest>) => {
      if (made++ > 0) instance.call('grow');
      return {};
    };
    expectFresh(createPool({ alter }), /sizes of memories/);
  });
});

test('fresh: each request gets a new instance, and none is created in advance', () => {
  const { pool, created, reasons } = createPool({ isolation: 'fresh' });
  for (let n = 1; n <= 3; n += 1) {
    expect(created.length).toBe(n - 1);
    pool.give(pool.take(), FINE);
  }
  expect(reasons).toEqual([]);
});

describe('reuse', () => {
  test('keeps the state for the given number of requests', () => {
    const { pool } = createPool({ isolation: { reuse: 3 } });
    const counts = Array.from({ length: 7 }, () => {
      const instance = pool.take();
      const count = instance.call('count');
      pool.give(instance, FINE);
      return count;
    });
    expect(counts).toEqual([1, 2, 3, 1, 2, 3, 1]);
    expect(pool.discards).toMatchObject({ worn: 2 });
  });

  test('ends early if an instance is poisoned or dead', () => {
    const glue = holdGlue([]);
    const { pool } = createPool({ isolation: { reuse: 100 }, alter: () => ({ glue }) });
    const poisoned = pool.take();
    pool.give(poisoned, { poisoned: true });
    const dead = pool.take();
    expect(dead).not.toBe(poisoned);
    glue.dead = true;
    pool.give(dead, FINE);
    expect(pool.idle).toBe(0);
    expect(pool.discards).toMatchObject({ poisoned: 1, trapped: 1 });
  });
});

test('an error during the creation of an instance reaches the caller', () => {
  let fail = false;
  const { pool } = createPool({
    number() {
      if (fail) throw new Error('no more numbers');
      return 0;
    },
  });
  fail = true;
  pool.take();
  pool.take();
  expect(() => pool.take()).toThrow('no more numbers');
});
