import { describe, expect, test } from 'vitest';
import type { WorkerPlaces } from '../../../src/engine/protocol/long-places.ts';
import type { Task } from '../../../src/engine/worker/run-queue.ts';
import { createScheduler, type Scheduler } from '../../../src/engine/worker/scheduler.ts';

/** Past these milliseconds of use a guest is long-running. */
const LONG = 60;

/** A thread whose time and event loop the test moves, and the places that other threads give it. */
interface Stage {
  readonly scheduler: Scheduler;
  readonly clock: { now: number };
  /** Runs what is due in the next turn, and lets promises settle. */
  turn(): Promise<void>;
  /** Runs what waits for other threads. */
  later(): void;
  /** Lets a guest wait for its turn; it then appears in `order`. */
  wait(task: Task): void;
  readonly order: number[];
  /** The requests whose guests had the thread. */
  readonly runs: number[];
}

function stage(places?: WorkerPlaces, messageWaits = (): boolean => false): Stage {
  let due: (() => void)[] = [];
  let held: (() => void)[] = [];
  let turn = 0;
  const order: number[] = [];
  const runs: number[] = [];
  const clock = { now: 0 };
  const scheduler = createScheduler({
    places,
    messageWaits,
    runs: (id) => void runs.push(id),
    loop: {
      moment: () => ({ now: clock.now, turn }),
      nextTurn: (callback) => void due.push(callback),
      later: (callback) => void held.push(callback),
    },
  });
  return {
    scheduler,
    clock,
    order,
    runs,
    async turn() {
      turn += 1;
      const callbacks = due;
      due = [];
      for (const callback of callbacks) callback();
      for (let n = 0; n < 5; n += 1) await undefined;
    },
    later() {
      const callbacks = held;
      held = [];
      for (const callback of callbacks) callback();
    },
    wait(one) {
      void scheduler.next(one).then(() => order.push(one.id));
    },
  };
}

function task(id: number, used = 0, isEnding = false): Task {
  return { id, used, isEnding: () => isEnding };
}

/** Places of which the test decides. */
function places(): WorkerPlaces & {
  free: boolean;
  held: number;
  others: boolean;
  quick: number;
  released(): void;
} {
  let waiting = Promise.withResolvers<void>();
  const self = {
    free: true,
    held: 0,
    others: false,
    quick: 0,
    take() {
      if (!self.free && self.held === 0) return false;
      self.held = 1;
      return true;
    },
    give() {
      self.held = 0;
    },
    get wanted() {
      return self.others;
    },
    wait: () => waiting.promise,
    finishedQuickly() {
      self.quick += 1;
    },
    released() {
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
  };
  return self;
}

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
