import { describe, expect, test } from 'vitest';
import type { WorkerPlaces } from '../../../src/engine/protocol/long-places.ts';
import { LONG, places, stage, task } from '../../support/scheduler-stage.ts';

describe('guests that wait for the thread', () => {
  test('get it one in each turn of the event loop, in their order', async () => {
    const { scheduler, wait, turn, order, runs } = stage();
    for (const id of [1, 2, 3]) {
      scheduler.begin(task(id));
      wait(task(id));
    }
    expect(order).toEqual([]);
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      await turn();
      expect(order).toEqual(expected);
    }
    expect(runs).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('get it before those that have used more, and after one that has to end', async () => {
    const { wait, turn, order } = stage();
    for (const one of [task(1, LONG), task(2, 10), task(3), task(4, LONG, true)]) wait(one);
    for (let n = 0; n < 3; n += 1) await turn();
    expect(order).toEqual([4, 3, 2]);
  });

  test('get it in the turns after one has come', async () => {
    const { wait, turn, order } = stage();
    await turn();
    wait(task(1));
    expect(order).toEqual([]);
    await turn();
    expect(order).toEqual([1]);
  });
});

describe('a guest that has the thread', () => {
  test('is due at the end of its slice, and not before', () => {
    const played = stage();
    const one = task(1);
    played.scheduler.begin(one);
    played.clock.now = 4.9;
    expect(played.scheduler.isDue(one)).toBe(false);
    played.clock.now = 5.1;
    expect(played.scheduler.isDue(one)).toBe(true);
    expect(one.used).toBe(5.1);
  });

  test('that has used more than a quick one gives way to a message', () => {
    const waits = { message: false };
    const played = stage(undefined, () => waits.message);
    const one = task(1, 10);
    played.scheduler.begin(one);
    played.clock.now = 1;
    expect(played.scheduler.isDue(one)).toBe(false);
    waits.message = true;
    played.clock.now = 2;
    expect(played.scheduler.isDue(one)).toBe(true);
  });

  test('and cannot be suspended continues, with a new slice', async () => {
    const played = stage();
    const one = task(1);
    played.scheduler.begin(one);
    played.wait(one);
    played.scheduler.withdraw(one);
    played.clock.now = 4;
    expect(played.scheduler.isDue(one)).toBe(false);
    await played.turn();
    expect(played.order).toEqual([]);
  });
});

describe('a long-running guest beside quick ones of all workers', () => {
  test('waits until there is a place, while quick ones run', async () => {
    const own = places();
    own.free = false;
    const { wait, turn, order } = stage(own);
    wait(task(1, LONG));
    wait(task(2));
    await turn();
    await turn();
    expect(order).toEqual([2]);
    own.free = true;
    own.released();
    await turn();
    await turn();
    expect(order).toEqual([2, 1]);
  });

  test('gives its place back in the turn after it had the thread', async () => {
    const own = places();
    const { wait, turn } = stage(own);
    wait(task(1, LONG));
    await turn();
    expect(own.held).toBe(1);
    await turn();
    expect(own.held).toBe(0);
  });

  test('lets other workers have the place in between, if they wait for it', async () => {
    const own = places();
    own.others = true;
    const { wait, turn, later, order } = stage(own);
    wait(task(1, LONG));
    await turn();
    expect(order).toEqual([]);
    later();
    await turn();
    expect(order).toEqual([1]);
  });

  test('is expected to have quick ones beside it once one has finished', () => {
    const own = places();
    const { scheduler } = stage(own);
    scheduler.finish(task(1));
    expect(own.quick).toBe(1);
    scheduler.finish(task(2, LONG));
    expect(own.quick).toBe(1);
  });
});

describe('a guest that continues beside short ones', () => {
  /** When it leaves the processor, if it asks every fifth of a millisecond for 5 ms. */
  function leaves(own: WorkerPlaces | undefined, used: number): number[] {
    const { scheduler, clock, left } = stage(own);
    const one = task(1, used);
    scheduler.begin(one);
    for (let fifth = 1; fifth < 25; fifth += 1) {
      clock.now = fifth / 5;
      scheduler.isDue(one);
    }
    return left;
  }

  test('leaves the processor to other threads for a moment each millisecond', () => {
    const own = places();
    own.finishedQuickly(true);
    expect(leaves(own, LONG)).toEqual([0.2, 1.2, 2.2, 3.2, 4.2]);
    expect(leaves(own, 0)[0]).toBe(1);
  });

  test('does not if the others compute as well, or if it is alone', () => {
    const own = places();
    expect(leaves(own, LONG)).toEqual([]);
    stage(own).scheduler.finish(task(2, 10));
    expect([own.quick, own.expectsShort]).toEqual([1, false]);
    expect(leaves(own, LONG)).toEqual([]);
    stage(own).scheduler.finish(task(3, 1));
    expect(own.expectsShort).toBe(true);
    expect(leaves(undefined, LONG)).toEqual([]);
  });
});
