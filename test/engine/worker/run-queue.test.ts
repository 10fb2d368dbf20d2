import { describe, expect, test } from 'vitest';
import { createRunQueue, type RunQueue, type Task } from '../../../src/engine/worker/run-queue.ts';

interface Named {
  readonly name: string;
  readonly task: Task;
}

const NOW = { now: 0, turn: 1 };
const MAY = (): boolean => true;
const MAY_NOT = (): boolean => false;

function named(name: string, used: number, isEnding = false, isHeavy = false): Named {
  return { name, task: { id: 0, used, isHeavy, isEnding: () => isEnding } };
}

function queueOf(...waiting: readonly Named[]): RunQueue<Named> {
  const queue = createRunQueue<Named>();
  for (const one of waiting) queue.push(one);
  return queue;
}

/** Milliseconds from the start of its slice until a guest that asks every tenth of one has to give way. */
function slice(used: number, messageWaits: () => boolean, isHeavy = false): number {
  const queue = createRunQueue<Named>();
  const { task } = named('a', used, false, isHeavy);
  queue.begin(task, { now: 1000, turn: 1 });
  for (let tenth = 1; tenth < 200; tenth += 1) {
    if (queue.isDue(task, { now: 1000 + tenth / 10, turn: 1 }, messageWaits)) return tenth / 10;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a slice', () => {
  test.each([
    ['of a new guest', 0, 5],
    ['of a heavy one', 0, 5, true],
    ['of one that has used 5 ms', 5, 5],
    ['of a long one', 50, 8],
  ])('%s', (_, used, milliseconds, isHeavy = false) => {
    expect(slice(used, MAY_NOT, isHeavy)).toBeCloseTo(milliseconds, 0);
  });

  test.each([
    ['not that of a new guest', 0, 5],
    ['that of a heavy one', 0, 0.1, true],
    ['that of one that has used 5 ms', 5, 0.1],
    ['that of a long one', 50, 0.1],
  ])('ends early while a message waits: %s', (_, used, milliseconds, isHeavy = false) => {
    expect(slice(used, MAY, isHeavy)).toBeCloseTo(milliseconds, 1);
  });

  test('begins when something else resumes the guest, and the time before is not counted', () => {
    const queue = createRunQueue<Named>();
    const { task } = named('a', 0);
    queue.begin(task, { now: 0, turn: 1 });
    expect(queue.isDue(task, { now: 3, turn: 1 }, MAY_NOT)).toBe(false);
    expect(queue.isDue(task, { now: 900, turn: 2 }, MAY_NOT)).toBe(false);
    expect(queue.isDue(task, { now: 904, turn: 2 }, MAY_NOT)).toBe(false);
    expect(task.used).toBe(7);
    expect(queue.isDue(task, { now: 905, turn: 2 }, MAY_NOT)).toBe(true);
  });

  test('belongs to the guest that asks', () => {
    const queue = createRunQueue<Named>();
    const [first, second] = [named('a', 0).task, named('b', 0).task];
    queue.begin(first, { now: 0, turn: 1 });
    expect(queue.isDue(second, { now: 100, turn: 1 }, MAY_NOT)).toBe(false);
    expect(second.used).toBe(0);
  });
});

test('begins again for a guest that could not be suspended', () => {
  const one = named('a', 60);
  const queue = queueOf(one, named('b', 60));
  queue.withdraw(one.task, { now: 100, turn: 1 });
  expect(queue.isDue(one.task, { now: 107, turn: 1 }, MAY_NOT)).toBe(false);
  expect(queue.isDue(one.task, { now: 108, turn: 1 }, MAY_NOT)).toBe(true);
  expect([queue.next(NOW, MAY)?.name, queue.next(NOW, MAY)]).toEqual(['b', undefined]);
});

describe('the next guest', () => {
  function order(queue: RunQueue<Named>, mayBeLong = MAY): string {
    const names: string[] = [];
    for (let next = queue.next(NOW, mayBeLong); next !== undefined; next = queue.next(NOW, mayBeLong))
      names.push(next.name);
    return names.join(' ');
  }

  test('is the one at the lowest level, and within the level the one that has waited longest', () => {
    const queue = queueOf(named('long', 80), named('a', 7), named('b', 6), named('new', 1));
    expect([queue.next(NOW, MAY)?.name, queue.next(NOW, MAY)?.name, queue.next(NOW, MAY)?.name]).toEqual([
      'new',
      'a',
      'b',
    ]);
  });

  test('is every fourth time the one that has waited longest, so that none starves', () => {
    const queue = queueOf(named('long', 80));
    const names: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      queue.push(named('new', 0));
      const next = queue.next(NOW, MAY)!;
      names.push(next.name);
      if (next.name === 'long') queue.push(next);
    }
    expect(names.join(' ')).toBe('new new new long new new new long');
  });

  test('is one that has to stop, whatever it has used', () => {
    expect(order(queueOf(named('new', 0), named('ending', 900, true)))).toBe('ending new');
    expect(order(queueOf(named('ending', 900, true)), MAY_NOT)).toBe('ending');
  });

  test('is often enough a long-running one that it gets a fifth of the thread in a flood of requests', () => {
    const queue = queueOf(named('long', 80));
    let now = 0;
    for (let turn = 1; turn < 200; turn += 1) {
      // New requests take the thread for 10 ms in each turn of the event loop.
      now += 10;
      const next = queue.next({ now, turn }, MAY)!;
      do now += 0.05;
      while (!queue.isDue(next.task, { now, turn }, MAY));
      queue.push(next);
      if (turn === 199) expect((next.task.used - 80) / now).toBeGreaterThan(0.19);
    }
    expect.assertions(1);
  });

  test('has the thread for a few milliseconds at a time in a flood, so that requests wait no longer', () => {
    const queue = queueOf(named('long', 80));
    let now = 100;
    const { task } = queue.next({ now, turn: 1 }, MAY)!;
    do now += 0.05;
    while (!queue.isDue(task, { now, turn: 1 }, MAY));
    expect(now - 100).toBeGreaterThan(3);
    expect(now - 100).toBeLessThan(5);
  });

  test('gives way as usual if it has waited for a place', () => {
    const queue = queueOf(named('long', 80));
    expect(queue.next({ now: 1000, turn: 1 }, MAY_NOT)).toBeUndefined();
    const { task } = queue.next({ now: 2000, turn: 2 }, MAY)!;
    expect(queue.isDue(task, { now: 2000.2, turn: 2 }, MAY)).toBe(true);
  });

  test('is not a long-running one that may not run, but one of the others', () => {
    const queue = queueOf(named('long', 80), named('a', 6), named('b', 6), named('c', 6), named('d', 6));
    expect(order(queue, MAY_NOT)).toBe('a b c d');
    expect(queue.size).toBe(1);
    expect(order(queue)).toBe('long');
  });

  test('needs no place if it is not long-running', () => {
    const queue = queueOf(named('long', 80), named('new', 0));
    let asked = 0;
    queue.next(NOW, () => {
      asked += 1;
      return true;
    });
    expect(asked).toBe(0);
  });
});
