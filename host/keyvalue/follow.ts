import { setTimeout as delay } from 'node:timers/promises';
import { type Awaitable, isPromise } from './awaitable.ts';
import { type Change, type Follower, type Following, LIFE } from './changes.ts';

/** The log of one store, as one follower reads it. One call after the other. */
export interface ChangeLog {
  /** From now on the log is written, and read from here. */
  begin(): Awaitable<void>;
  /** The next changes, some of them; none if all were read. If it fails, the next call returns the same. */
  read(): Awaitable<ReadChanges>;
  /** A sign of life. Returns why changes were lost, if so. */
  renew(): Awaitable<string | undefined>;
  /** The log is no longer written for this follower. */
  end(): Awaitable<void>;
  /** Calls `wake` when there may be changes, and returns a function that ends that. Does not keep the process alive. */
  listen(wake: () => void): () => void;
}

export interface ReadChanges {
  readonly changes: readonly Change[];
  /** Why changes before these were lost, if so. */
  readonly lost?: string | undefined;
  /** There may be more, even if these are none. */
  readonly isMore?: boolean;
}

/** Milliseconds between two signs of life: several fit into a life. */
const RENEWAL: number = LIFE / 6;

/** Milliseconds until the next attempt after a failed one. */
const PAUSE = 200;

/** Reads the log of a store and reports what it contains. */
export async function followLog(log: ChangeLog, follower: Follower): Promise<Following> {
  await log.begin();
  const inTurn = oneByOne();
  const flushing = Promise.withResolvers<void>();
  let isFlushing = false;
  let isClosed = false;
  let isWanted = false;
  let running: Promise<void> | undefined;

  const stopListening = log.listen(look);
  const renewals = setInterval(() => void renew(), RENEWAL).unref();

  /** Also while the follower is slow. */
  async function renew(): Promise<void> {
    try {
      report(await inTurn(() => log.renew()));
    } catch {
      // Those who use the store report what is wrong with it.
    }
    look();
  }

  function look(): void {
    isWanted = true;
    running ??= run();
  }

  async function run(): Promise<void> {
    // What has just been committed comes in one reading.
    await null;
    while (isWanted && !isClosed) {
      isWanted = false;
      try {
        await step();
      } catch {
        if (isFlushing) break;
        await delay(PAUSE, undefined, { ref: false });
        isWanted = true;
      }
    }
    running = undefined;
  }

  async function step(): Promise<void> {
    const { changes, lost, isMore } = await inTurn(() => log.read());
    report(lost);
    isWanted ||= isMore ?? changes.length > 0;
    for (const change of changes) {
      if (isClosed) return;
      const room = follower.changed(change);
      if (isPromise(room) && !isFlushing) await Promise.race([room, flushing.promise]);
    }
  }

  function report(lost: string | undefined): void {
    if (lost !== undefined) follower.lost(lost);
  }

  look();
  return {
    async flush() {
      isFlushing = true;
      flushing.resolve();
      // It may not have been woken yet.
      await renew();
      await running;
    },
    async close() {
      isClosed = true;
      flushing.resolve();
      clearInterval(renewals);
      stopListening();
      await running;
      try {
        await inTurn(() => log.end());
      } catch {
        // It is forgotten after its life.
      }
    },
  };
}

/** Runs work after all that was given before. */
function oneByOne(): <T>(work: () => Awaitable<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
