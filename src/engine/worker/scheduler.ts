import { performance } from 'node:perf_hooks';
import type { WorkerPlaces } from '../protocol/long-places.ts';
import type { MessageCounts } from '../protocol/message-counts.ts';
import { createProcessorPause } from './processor-pause.ts';
import { createRunQueue, isComputing, isLong, type Moment, type Task } from './run-queue.ts';

/** Shares a thread between its guests and its event loop. */
export interface Scheduler {
  /** A guest has begun a request, and has the thread for now. */
  begin(task: Task): void;
  /** Whether a guest must give up the thread now; if it can be suspended, it must await `next`. */
  isDue(task: Task): boolean;
  /** Resolves when it is the guest's turn, after a turn of the event loop. */
  next(task: Task): Promise<void>;
  /** The guest could not be suspended after all, and continues. */
  withdraw(task: Task): void;
  /** The guest's request is over. */
  finish(task: Task): void;
}

export interface SchedulerParts {
  /** Shared with other workers; undefined if this is the only one. */
  readonly places?: WorkerPlaces | undefined;
  /** Whether a message waits for this thread. */
  messageWaits(): boolean;
  /** For the main thread; undefined if guests run there. */
  readonly counts?: Pick<MessageCounts, 'resumes' | 'computes'>;
  readonly loop?: EventLoop;
  /** See `createProcessorPause`. */
  readonly leave?: () => void;
}

/** The event loop of the thread. */
export interface EventLoop {
  moment(): Moment;
  /** Calls this in the next turn, after messages and timers that are due. */
  nextTurn(callback: () => void): void;
  /** Calls this after the threads that were just notified have had a moment. */
  later(callback: () => void): void;
}

const LOOP: EventLoop = {
  moment: () => ({ now: performance.now(), turn: performance.nodeTiming.uvMetricsInfo.loopCount }),
  // An immediate set while immediates run belongs to the next turn.
  nextTurn: (callback) => void setImmediate(callback),
  later: (callback) => void setTimeout(callback, 0),
};

interface Waiting {
  readonly task: Task;
  readonly resume: () => void;
}

/** One guest gets the thread in each turn of the event loop: timers and messages run in between. */
export function createScheduler({
  places,
  messageWaits,
  counts,
  loop = LOOP,
  leave,
}: SchedulerParts): Scheduler {
  const queue = createRunQueue<Waiting>();
  const pause = createProcessorPause(leave);
  let isScheduled = false;
  let waitsForPlace = false;

  const mayBeLong = (): boolean => places?.take() ?? true;
  const give = (): void => places?.give();

  function schedule(): void {
    if (isScheduled || queue.size === 0) return;
    isScheduled = true;
    loop.nextTurn(resumeOne);
  }

  function resumeOne(): void {
    isScheduled = false;
    const next = queue.next(loop.moment(), mayBeLong);
    if (next === undefined) {
      void waitForPlace();
      return;
    }
    counts?.resumes(next.task.id);
    next.resume();
    // Otherwise it could wait for something else, or end, without releasing the place.
    if (isLong(next.task)) loop.nextTurn(give);
    schedule();
  }

  async function waitForPlace(): Promise<void> {
    if (waitsForPlace || places === undefined || queue.size === 0) return;
    waitsForPlace = true;
    await places.wait();
    waitsForPlace = false;
    schedule();
  }

  return {
    begin(task) {
      queue.begin(task, loop.moment());
      counts?.resumes(task.id);
    },
    isDue(task) {
      const before = task.used;
      const moment = loop.moment();
      const isDue = queue.isDue(task, moment, messageWaits);
      if (isComputing(task) && task.used > before) counts?.computes(task.used - before);
      if (!isDue && places?.expectsShort) pause(task.used, moment.now);
      return isDue;
    },
    next(task) {
      give();
      return new Promise((resume) => {
        queue.push({ task, resume });
        // Guests of other workers that wait for the place get it in the meantime.
        if (isLong(task) && places?.wanted) loop.later(schedule);
        else schedule();
      });
    },
    withdraw: (task) => queue.withdraw(task, loop.moment()),
    finish(task) {
      queue.end(task);
      if (!isLong(task)) places?.finishedQuickly(!isComputing(task));
    },
  };
}
