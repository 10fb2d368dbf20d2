import { describe, expect, test } from 'vitest';
import {
  createInstancePool,
  type InstancePool,
  type InstancePoolOptions,
  type NewInstance,
} from '../../src/snapshot/instance-pool.ts';
import { seededRandom } from '../support/wat.ts';
import { type Guest, holdGlue, prepareGuest } from './guests.ts';

/** Keeps state between requests: a count in its memory, a secret in a global. */
const guest = await prepareGuest(`(module
  (import "host" "number" (func $number (result i32)))
  (memory 1) (global $secret (mut i32) (i32.const 0))
  (func $start (i32.store (i32.const 8) (call $number)))
  (start $start)
  (func (export "count") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.const 1) (i32.load (i32.const 0))))
    (i32.load (i32.const 0)))
  (func (export "keep") (param i32) (result i32)
    (global.get $secret) (global.set $secret (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 300)))
  (func (export "grow a little") (result i32) (memory.grow (i32.const 1))))`);

interface Watched {
  readonly pool: InstancePool<Guest>;
  readonly created: Guest[];
  readonly reasons: string[];
}

function createPool(
  options: Partial<InstancePoolOptions<Guest>> & {
    readonly number?: () => number;
    /** Limit of the only memory, in bytes. */
    readonly limit?: number;
    readonly alter?: (made: NewInstance<Guest>) => Partial<NewInstance<Guest>>;
  } = {},
): Watched {
  const { number = () => 0, limit = 4 * 1024 ** 3, alter = () => ({}), ...rest } = options;
  const created: Guest[] = [];
  const reasons: string[] = [];
  const pool = createInstancePool<Guest>({
    create() {
      const instance = guest({ host: { number } });
      created.push(instance);
      const made = {
        instance,
        cores: [instance.core],
        memoryLimits: [limit],
        glue: undefined,
        nondeterministicInit: false,
      };
      return { ...made, ...alter(made) };
    },
    isolation: 'request',
    idleLimit: 4,
    verify: true,
    degraded: (reason) => reasons.push(reason),
    ...rest,
  });
  return { pool, created, reasons };
}

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

const FINE = { poisoned: false };

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
      createPool({ alter: () => ({ nondeterministicInit: true }) }),
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
