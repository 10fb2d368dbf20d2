/** A guest as the queue knows it. */
export interface Task {
  /** The number of its request. */
  readonly id: number;
  /** Milliseconds of its thread that its request has used so far. */
  used: number;
  /** It has to stop: it goes first, as it needs the thread only to trap. */
  isEnding(): boolean;
}

/** Milliseconds that a guest may keep the thread from others, by its level. A shorter first one would suspend cold guests. */
const SLICES = [5, 5, 8] as const;

/** Milliseconds of use from which a guest is of level 1, and of level 2: a long one. */
const LEVELS = [5, 50] as const;

/** While a message waits, milliseconds after which a guest above level 0 gives way. */
const GIVE_WAY = 0.1;

/**
 * The part of the time of others that guests above level 0 are owed while they wait, in a flood of new requests; and from how
 * many milliseconds on they do not give way until they have had it.
 */
const OWED_PART = 1 / 4;
const OWED = 5;

/** Every so often the guest that has waited longest comes next, whatever its level: nobody starves. */
const OLDEST_EVERY = 4;

type Level = 0 | 1 | 2;

/** Whether it has used much of its thread: such guests leave room to quick ones. */
export function isLong(task: Task): boolean {
  return levelOf(task) === 2;
}

function levelOf({ used }: Task): Level {
  if (used < LEVELS[0]) return 0;
  return used < LEVELS[1] ? 1 : 2;
}

/** When something happens: in milliseconds, and in turns of the event loop. */
export interface Moment {
  readonly now: number;
  readonly turn: number;
}

/**
 * Who runs next among guests that share a thread: a state machine without a thread or a clock. The lowest level comes first, and
 * within a level who has waited longest. Each `T` is a guest that waits.
 */
export interface RunQueue<T extends { readonly task: Task }> {
  /** Number of guests that wait. */
  readonly size: number;
  /** The guest has the thread from now on. */
  begin(task: Task, moment: Moment): void;
  /** The guest needs the thread no more. Until the next one begins, nothing else forgets it, and its memories. */
  end(task: Task): void;
  /**
   * A guest that has the thread asks whether it must give it up. If it was resumed by something else than this queue, its slice
   * begins now.
   */
  isDue(task: Task, moment: Moment, messageWaits: () => boolean): boolean;
  /** The guest has given the thread up and waits for its turn. */
  push(waiting: T): void;
  /** A guest that waits goes on at once, as it could not be suspended. */
  withdraw(task: Task, moment: Moment): void;
  /**
   * Removes and returns who is next, and has the thread from now on; undefined if nobody waits, or only long guests wait and
   * `mayBeLong` returns false.
   */
  next(moment: Moment, mayBeLong: () => boolean): T | undefined;
}

export function createRunQueue<T extends { readonly task: Task }>(): RunQueue<T> {
  const waiting: T[] = [];
  let running: Task | undefined;
  let turn = -1;
  /** When its slice began, and when it last asked. */
  let began = 0;
  let asked = 0;
  let taken = 0;
  /** What guests above level 0 are owed, whether they get it now, and when one of them last had the thread. */
  let owed = 0;
  let isRepaid = false;
  let freed = 0;
  /** Since then they have waited for a place, and not for this thread. */
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

  /** It has had the thread for so long. */
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
      if (level === 0) return ran >= SLICES[level];
      repay(milliseconds);
      return ran >= SLICES[level] || (ran >= GIVE_WAY && !isRepaid && messageWaits());
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
