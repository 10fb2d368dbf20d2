import type { Store } from '../../../host/index.ts';
import { type Clocks, createClockStability, SYSTEM_CLOCKS } from './clock-stability.ts';
import type { Purged } from './purge.ts';
import { type PurgeRun, startPurge, startPurgeInThread } from './purge-run.ts';

export interface RetentionOptions {
  /** A URL that can be opened once more, or the store itself where it lives on this thread. */
  readonly store: string | Store;
  readonly bucket: string;
  /** Milliseconds that sessions stay after their end. */
  readonly retention: number;
  readonly log: (level: string, context: string, message: string) => void;
}

/** Purges sessions some time after their end, for as long as it is not closed. */
export interface Retention {
  /** Sessions purged so far. */
  readonly purged: number;
  /** Settles when nothing of it runs any more. Twice is fine. */
  close(): Promise<void>;
}

/** Milliseconds for which the clock must not have been set before anything is deleted by it. */
const SETTLE = 10 * 60_000;

/** Of the retention, how much later a session may go: each is looked at so many times before. */
const SLACK = 1 / 8;

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;

/** Milliseconds between two looks at the clock, at most. */
const LOOK = 60 * SECOND;

/** Does not keep the process alive. */
export function startRetention(options: RetentionOptions): Retention {
  const watch = createRetention(options, SYSTEM_CLOCKS);
  const timer = setInterval(watch.look, Math.min(LOOK, Math.max(options.retention, SECOND) / 4));
  timer.unref();
  return {
    get purged() {
      return watch.purged;
    },
    async close() {
      clearInterval(timer);
      await watch.stop();
    },
  };
}

/** The same without a timer of its own. */
export interface RetentionWatch {
  readonly purged: number;
  /** Begins a purge when it is time; settles when none is under way any more. To be called again and again. */
  look(): Promise<void>;
  /** Ends what is under way. */
  stop(): Promise<void>;
}

export function createRetention(options: RetentionOptions, clocks: Clocks): RetentionWatch {
  const { store, bucket, retention, log } = options;
  const settle = Math.min(SETTLE, retention);
  const period = Math.min(Math.max(retention * SLACK, SECOND), DAY);
  const stability = createClockStability(clocks);
  let purged = 0;
  let last = Number.NEGATIVE_INFINITY;
  let pass: PurgeRun | undefined;
  let running: Promise<void> = Promise.resolve();
  let told = false;

  function look(): Promise<void> {
    const steady = stability.look();
    if (pass !== undefined || steady < settle || clocks.monotonic() - last < period) return running;
    last = clocks.monotonic();
    const rule = { bucket, retention, now: clocks.wall() };
    pass = typeof store === 'string' ? startPurgeInThread(store, rule) : startPurge(store, rule);
    running = pass.done.then(report, failed).finally(() => {
      pass = undefined;
    });
    return running;
  }

  function report({ sessions, keys, unclear }: Purged): void {
    purged += sessions;
    if (sessions > 0) log('info', 'sessions', `purged ${sessions} (${keys} keys) of bucket "${bucket}"`);
    if (unclear > 0 && !told) {
      told = true;
      const what = `${unclear} in bucket "${bucket}" look like sessions and are not understood`;
      log('warn', 'sessions', `${what}: they are never purged`);
    }
  }

  /** A store in trouble tells of it by itself; what could not be purged is purged another time. */
  function failed(error: unknown): void {
    last = clocks.monotonic() - period + Math.min(period, SETTLE);
    const reason = error instanceof Error ? error.message : String(error);
    log('warn', 'sessions', `not purged this time: ${reason}`);
  }

  return {
    get purged() {
      return purged;
    },
    look,
    async stop() {
      pass?.stop();
      await running;
    },
  };
}
