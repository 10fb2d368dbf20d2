import type { WorkerPlaces } from '../../src/engine/protocol/long-places.ts';
import type { Task } from '../../src/engine/worker/run-queue.ts';
import { createScheduler, type Scheduler } from '../../src/engine/worker/scheduler.ts';

/** Past these milliseconds of use a guest is long-running. */
export const LONG = 60;

/** A thread whose time and event loop the test moves, and the places that other threads give it. */
export interface Stage {
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
  /** When the thread left its processor to others. */
  readonly left: number[];
}

export function stage(places?: WorkerPlaces, messageWaits = (): boolean => false): Stage {
  let due: (() => void)[] = [];
  let held: (() => void)[] = [];
  let turn = 0;
  const order: number[] = [];
  const runs: number[] = [];
  const left: number[] = [];
  const clock = { now: 0 };
  const scheduler = createScheduler({
    places,
    messageWaits,
    counts: { resumes: (id) => void runs.push(id), computes() {} },
    leave: () => void left.push(clock.now),
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
    left,
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

export function task(id: number, used = 0, isEnding = false): Task {
  return { id, used, isHeavy: false, isEnding: () => isEnding };
}

/** Places of which the test decides. */
export function places(): WorkerPlaces & {
  free: boolean;
  held: number;
  others: boolean;
  quick: number;
  expectsShort: boolean;
  released(): void;
} {
  let waiting = Promise.withResolvers<void>();
  const self = {
    free: true,
    held: 0,
    others: false,
    quick: 0,
    expectsShort: false,
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
    finishedQuickly(isShort: boolean) {
      self.quick += 1;
      self.expectsShort = isShort;
    },
    released() {
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
  };
  return self;
}
