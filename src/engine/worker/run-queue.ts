/** A guest as the queue knows it. */
export interface Task {
  /** The number of its request. */
  readonly id: number;
  /** Milliseconds of its thread that its request has used so far. */
  used: number;
  /** It has executed many times what requests usually do. */
  readonly isHeavy: boolean;
  /** It has to stop, and goes first, because it needs the thread only to trap. */
  isEnding(): boolean;
}

/** The time slice in milliseconds, and that of long-running guests. With a shorter first one, guests that V8 has not compiled yet would be suspended. */
const SLICE = 5;
const LONG_SLICE = 8;

/** Milliseconds of use from which a guest is at level 1, as heavy ones are, and at level 2 (long-running). */
const COMPUTING = 5;
const LONG = 50;

/** Milliseconds after which a guest above level 0 gives way to a waiting message. */
const GIVE_WAY = 0.1;

/**
 * In a flood of new requests, guests above level 0 that wait are owed this fraction of the time that others use. Once they are
 * owed `OWED` milliseconds, they do not give way until they have had them.
 */
const OWED_PART = 1 / 4;
const OWED = 2;

/** Every fourth time, the guest that has waited longest is next, whatever its level, so that none starves. */
const OLDEST_EVERY = 4;

type Level = 0 | 1 | 2;

/** Whether it is long-running: such guests leave room to quick ones. */
export function isLong(task: Task): boolean {
  return levelOf(task) === 2;
}

/** Whether it computes, rather than responds quickly. */
export function isComputing(task: Task): boolean {
  return levelOf(task) > 0;
}

function levelOf({ used, isHeavy }: Task): Level {
  if (used < COMPUTING && !isHeavy) return 0;
  return used < LONG ? 1 : 2;
}

/** When something happens: in milliseconds, and in turns of the event loop. */
export interface Moment {
  readonly now: number;
  readonly turn: number;
}

/**
 * Decides which of the guests that share a thread runs next: a state machine without a thread or a clock. The lowest level comes
 * first, and within a level the guest that has waited longest. Each `T` is a waiting guest.
 */
export interface RunQueue<T extends { readonly task: Task }> {
  /** Number of guests that wait. */
  readonly size: number;
  /** The guest has the thread from now on. */
  begin(task: Task, moment: Moment): void;
  /** The guest no longer needs the thread. Releases it and its memories, which would otherwise be kept until the next one begins. */
  end(task: Task): void;
  /**
   * Whether the guest that has the thread must give it up. If something other than this queue has resumed it, its slice begins
   * now.
   */
  isDue(task: Task, moment: Moment, messageWaits: () => boolean): boolean;
  /** The guest has given up the thread and waits for its turn. */
  push(waiting: T): void;
  /** A waiting guest continues at once, because it could not be suspended. */
  withdraw(task: Task, moment: Moment): void;
  /**
   * Removes and returns the next guest, which has the thread from now on. Undefined if none waits, or if only long-running guests
   * wait and `mayBeLong` returns false.
   */
  next(moment: Moment, mayBeLong: () => boolean): T | undefined;
}

export function createRunQueue<T extends { readonly task: Task }>(): RunQueue<T> {
  const waiting: T[] = [];
  let running: Task | undefined;
  let turn = -1;
  /** When the slice of `running` began, and when it last asked. */
  let began = 0;
  let asked = 0;
  let taken = 0;
  /** The time owed to guests above level 0, whether it is being repaid, and when one of them last had the thread. */
  let owed = 0;
  let isRepaid = false;
  let freed = 0;
  /** Since `freed` they have been waiting for a place, not for this thread. */
  let wasRefused = false;

  function begin(task: Task, moment: Moment): void {
    running = task;
    turn = moment.turn;
    began = asked = moment.now;
  }

  /** A guest above level 0 gets the thread after others. */
  function resume(task: Task, moment: Moment): void {
    if (!wasRefused) owed = Math.min(2 * OWED, owed + (moment.now - freed) * OWED_PART);
    wasRefused = false;
    isRepaid ||= owed >= OWED;
    begin(task, moment);
  }

  /** A guest above level 0 has had the thread for this time. */
  function repay(milliseconds: number): void {
    owed = Math.max(0, owed - milliseconds);
    isRepaid &&= owed > 0;
  }

  function place(mayBeLong: () => boolean): number {
    const ending = waiting.findIndex(({ task }) => task.isEnding());
    if (ending >= 0) return ending;
    const oldestIsDue = taken % OLDEST_EVERY === OLDEST_EVERY - 1;
    if (oldestIsDue && (!isLong(waiting[0]!.task) || mayBeLong())) return 0;
    let best = 0;
    for (let at = 1; at < waiting.length; at += 1) {
      if (levelOf(waiting[at]!.task) < levelOf(waiting[best]!.task)) best = at;
    }
    return !isLong(waiting[best]!.task) || mayBeLong() ? best : -1;
  }

  return {
    get size() {
      return waiting.length;
    },
    begin,
    end(task) {
      if (running === task) running = undefined;
    },
    isDue(task, moment, messageWaits) {
      if (task !== running || moment.turn !== turn) {
        begin(task, moment);
        return false;
      }
      const milliseconds = moment.now - asked;
      task.used += milliseconds;
      asked = moment.now;
      const ran = moment.now - began;
      const level = levelOf(task);
      if (level === 0) return ran >= SLICE;
      repay(milliseconds);
      return ran >= (level === 1 ? SLICE : LONG_SLICE) || (ran >= GIVE_WAY && !isRepaid && messageWaits());
    },
    push(one) {
      running = undefined;
      if (levelOf(one.task) > 0) freed = asked;
      waiting.push(one);
    },
    withdraw(task, moment) {
      const at = waiting.findIndex((one) => one.task === task);
      if (at >= 0) waiting.splice(at, 1);
      begin(task, moment);
    },
    next(moment, mayBeLong) {
      if (waiting.length === 0) return undefined;
      const at = place(mayBeLong);
      wasRefused ||= at < 0;
      if (at < 0) return undefined;
      taken += 1;
      const [next] = waiting.splice(at, 1);
      if (levelOf(next!.task) > 0) resume(next!.task, moment);
      else begin(next!.task, moment);
      return next;
    },
  };
}
