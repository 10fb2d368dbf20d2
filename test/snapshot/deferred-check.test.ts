import { expect, test } from 'vitest';
import type { Guest } from './guests.ts';
import { createPool, FINE, type Watched } from './watched-pool.ts';

/** What the pool wants to be called later. */
function createDeferred(options: Parameters<typeof createPool>[0] = {}): Watched & {
  readonly calls: { check: () => void; soon: boolean }[];
} {
  const calls: { check: () => void; soon: boolean }[] = [];
  const watched = createPool({ ...options, deferCheck: (check, soon) => calls.push({ check, soon }) });
  return { ...watched, calls };
}

function expectUnused(pool: Watched['pool'], used: Guest): void {
  const next = pool.take();
  expect(next).not.toBe(used);
  expect(next.call('keep', 9)).toBe(0);
}

test('one instance is made at the start, and a second one when there is time', () => {
  const { pool, created, calls } = createDeferred();
  expect(created).toHaveLength(1);
  expect(calls).toEqual([{ check: expect.any(Function), soon: false }]);
  calls[0]!.check();
  expect(created).toHaveLength(2);
  expect(pool.idle).toBe(2);
  const instance = pool.take();
  pool.give(instance, FINE);
  expect(calls).toHaveLength(1);
});

test('the check is wanted soon after the first request, and no instance is used twice before it', () => {
  const { pool, created, calls } = createDeferred();
  const first = pool.take();
  expect(created).toHaveLength(1);
  first.call('keep', 5);
  pool.give(first, FINE);
  expect(calls.map(({ soon }) => soon)).toEqual([false, true]);
  expect(created).toHaveLength(1);
  expectUnused(pool, first);
  expect(created).toHaveLength(2);
  // It has passed, so the first one may be used again, and calling it again does nothing.
  for (const { check } of calls) check();
  expect(created).toHaveLength(2);
  expect(pool.take()).toBe(first);
  expect(first.call('keep', 6)).toBe(0);
});

test('instances that turn out to differ are never used twice', () => {
  let number = 0;
  const { pool, created, reasons } = createDeferred({ number: () => number++ });
  const first = pool.take();
  pool.give(first, FINE);
  expect(reasons).toEqual([]);
  expectUnused(pool, first);
  expect(reasons).toEqual([expect.stringContaining('differ after instantiation')]);
  expect(pool.isolation).toBe('fresh');
  expect(pool.idle).toBe(0);
  expect(created).toHaveLength(3);
});

test('nor is one that called the host for values such as the time', () => {
  const { pool, reasons, calls } = createDeferred({ alter: () => ({ hasNondeterministicInit: () => true }) });
  const first = pool.take();
  pool.give(first, FINE);
  calls.at(-1)!.check();
  expect(reasons).toEqual([expect.stringContaining('calls the host during instantiation')]);
  expectUnused(pool, first);
});

test('if the second instance cannot be made, the request that needs it fails, and the next one tries again', () => {
  let fails = true;
  let made = 0;
  const { pool, created, calls } = createDeferred({
    alter() {
      made += 1;
      if (made > 1 && fails) throw new RangeError('no memory');
      return {};
    },
  });
  const first = pool.take();
  pool.give(first, FINE);
  calls[0]!.check();
  expect(() => pool.take()).toThrow('no memory');
  fails = false;
  expectUnused(pool, first);
  expect(created).toHaveLength(4);
});
