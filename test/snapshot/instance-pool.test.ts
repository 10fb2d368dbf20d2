import { describe, expect, test } from 'vitest';
import { seededRandom } from '../support/wat.ts';
import { type Guest, holdGlue } from './guests.ts';
import { createPool, FINE, type Watched } from './watched-pool.ts';

/** Each instance has glue that can be marked as dead or unsettled. */
function createPoolWithGlue(): Watched & { readonly glues: ReadonlyMap<Guest, ReturnType<typeof holdGlue>> } {
  const glues = new Map<Guest, ReturnType<typeof holdGlue>>();
  const watched = createPool({
    alter({ instance }) {
      const glue = holdGlue([]);
      glues.set(instance, glue);
      return { glue };
    },
  });
  return { ...watched, glues };
}

describe('an instance for each request', () => {
  test('a secret of one request never reaches another, however they overlap', () => {
    const { pool, created } = createPool();
    const random = seededRandom(10);
    const running: Guest[] = [];
    for (let request = 1; request <= 3000; request += 1) {
      const instance = pool.take();
      expect(instance.call('keep', request)).toBe(0);
      expect(instance.call('count')).toBe(1);
      running.push(instance);
      while (running.length > 3 || (running.length > 0 && random() < 0.4)) {
        const [done] = running.splice(Math.floor(random() * running.length), 1);
        pool.give(done!, FINE);
      }
    }
    expect(created.length).toBeLessThanOrEqual(4);
    expect(Object.values(pool.discards)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('no instance serves two requests at the same time, and none is given back twice', () => {
    const { pool } = createPool();
    const [a, b, c] = [pool.take(), pool.take(), pool.take()];
    expect(new Set([a, b, c]).size).toBe(3);
    pool.give(b, FINE);
    expect(() => pool.give(b, FINE)).toThrow(TypeError);
    expect(pool.take()).toBe(b);
  });

  test('an instance that was used behind the pool is restored before it serves again', () => {
    const { pool } = createPool();
    const instance = pool.take();
    pool.give(instance, FINE);
    instance.call('keep', 5);
    expect(pool.take()).toBe(instance);
    expect(instance.call('keep', 6)).toBe(0);
  });

  test('a poisoned instance is never used again', () => {
    const { pool } = createPool();
    const instance = pool.take();
    pool.give(instance, { poisoned: true });
    for (let n = 0; n < 10; n += 1) expect(pool.take()).not.toBe(instance);
    expect(pool.discards).toMatchObject({ poisoned: 1 });
  });

  test('an instance that has grown too much, or whose glue is dead or unsettled, is never used again', () => {
    const { pool, glues } = createPoolWithGlue();
    const [grown, dead, unsettled] = [pool.take(), pool.take(), pool.take()];
    grown.call('grow');
    glues.get(dead)!.dead = true;
    glues.get(unsettled)!.settled = false;
    for (const instance of [grown, dead, unsettled]) pool.give(instance, FINE);
    expect(pool.idle).toBe(0);
    expect(pool.discards).toMatchObject({ grown: 1, trapped: 1, unsettled: 1 });
  });

  test('an instance with less room to grow than a new one is never used again', () => {
    const { pool } = createPool({ limit: 2 * 65_536 });
    const instance = pool.take();
    expect(instance.call('grow a little')).toBe(1);
    pool.give(instance, FINE);
    expect(pool.discards).toMatchObject({ grown: 1 });
  });

  test('an instance that died while it was idle is discarded, and the next one is used', () => {
    const { pool, glues } = createPoolWithGlue();
    const [a, b] = [pool.take(), pool.take()];
    for (const instance of [a, b]) pool.give(instance, FINE);
    glues.get(b)!.dead = true;
    expect(pool.take()).toBe(a);
    expect(pool.discards).toMatchObject({ trapped: 1 });
  });

  test('the number of idle instances is limited', () => {
    const { pool } = createPool({ idleLimit: 1 });
    expect(pool.idle).toBe(1);
    const [a, b] = [pool.take(), pool.take()];
    pool.give(a, FINE);
    pool.give(b, FINE);
    expect(pool.idle).toBe(1);
    expect(pool.discards).toMatchObject({ surplus: 1 });
  });

  test('the verification detects an incomplete restore', () => {
    const { pool } = createPool({
      // This glue does not notice that the component was called.
      alter: ({ instance }) => ({ glue: holdGlue([[instance.state.memories[0]!, 1]]) }),
    });
    const instance = pool.take();
    instance.call('count');
    expect(() => pool.give(instance, FINE)).toThrow('not restored: memory 0 at byte 0');
  });
});
