import type { LeaseHolder, Store } from '../../../host/index.ts';
import { type Clocks, createClockStability, SYSTEM_CLOCKS } from './clock-stability.ts';
import { onOneHost } from './on-one-host.ts';
import type { Purged } from './purge.ts';
import { type PurgeRun, startPurge, startPurgeInThread } from './purge-run.ts';

export interface RetentionOptions {
  /** A URL that can be opened again, or the store itself when it is on this thread. */
  readonly store: string | Store;
  readonly bucket: string;
  /** Lets one host at a time purge; undefined if no other host can have the store. */
  readonly leases?: LeaseHolder | undefined;
  /** Milliseconds that sessions are kept after their end. */
  readonly retention: number;
  readonly log: (level: string, context: string, message: string) => void;
}

/** Sessions in the store by state, and when they were counted, in milliseconds since 1970. */
export interface SessionCount {
  readonly states: NonNullable<Purged['left']>;
  readonly at: number;
}

/** Purges sessions some time after their end, until it is closed. */
export interface Retention {
  /** Sessions purged so far. */
  readonly purged: number;
  /** Undefined until all were read once. */
  readonly count: SessionCount | undefined;
  /** Settles when no purge runs any more. Closing twice is fine. */
  close(): Promise<void>;
}

/** Milliseconds for which the clock must not have been set before anything is deleted. */
const SETTLE = 10 * 60_000;

/** The share of the retention by which a session may be purged late. */
const SLACK = 1 / 8;

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;

/** Maximum number of milliseconds between two checks. */
const MAX_INTERVAL = 60 * SECOND;

/** Does not keep the process alive. */
export function startRetention(options: RetentionOptions): Retention {
  const schedule = createRetention(options, SYSTEM_CLOCKS);
  const timer = setInterval(schedule.poll, Math.min(MAX_INTERVAL, Math.max(options.retention, SECOND) / 4));
  timer.unref();
  return {
    get purged() {
      return schedule.purged;
    },
    get count() {
      return schedule.count;
    },
    async close() {
      clearInterval(timer);
      await schedule.stop();
    },
  };
}

/** A retention without a timer of its own. */
export interface RetentionSchedule {
  readonly purged: number;
  readonly count: SessionCount | undefined;
  /** Starts a purge when it is due; settles when none is in progress. To be called regularly. */
  poll(): Promise<void>;
  /** Stops the purge in progress. */
  stop(): Promise<void>;
}

export function createRetention(options: RetentionOptions, clocks: Clocks): RetentionSchedule {
  const { store, bucket, retention, log } = options;
  const settle = Math.min(SETTLE, retention);
  const period = Math.min(Math.max(retention * SLACK, SECOND), DAY);
  const stability = createClockStability(clocks);
  let purged = 0;
  let count: SessionCount | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let current: PurgeRun | undefined;
  let running: Promise<void> = Promise.resolve();
  let reported = false;

  function poll(): Promise<void> {
    const stable = stability.sample();
    if (current !== undefined || stable < settle || clocks.monotonic() - last < period) return running;
    last = clocks.monotonic();
    const rule = { bucket, retention, now: clocks.wall() };
    current = onOneHost(options.leases, `retention:${bucket}`, () =>
      typeof store === 'string' ? startPurgeInThread(store, rule) : startPurge(store, rule),
    );
    running = current.done.then(report, failed).finally(() => {
      current = undefined;
    });
    return running;
  }

  function report({ sessions, keys, unclear, left }: Purged): void {
    purged += sessions;
    if (left !== undefined) count = { states: left, at: clocks.wall() };
    if (sessions > 0) log('info', 'sessions', `purged ${sessions} (${keys} keys) of bucket "${bucket}"`);
    if (unclear > 0 && !reported) {
      reported = true;
      const what = `${unclear} in bucket "${bucket}" look like sessions but have unknown metadata`;
      log('warn', 'sessions', `${what}: they are never purged`);
    }
  }

  /** A failing store reports this itself; what could not be purged is purged later. */
  function failed(error: unknown): void {
    last = clocks.monotonic() - period + Math.min(period, SETTLE);
    const reason = error instanceof Error ? error.message : String(error);
    log('warn', 'sessions', `not purged this time: ${reason}`);
  }

  return {
    get purged() {
      return purged;
    },
    get count() {
      return count;
    },
    poll,
    async stop() {
      current?.stop();
      await running;
    },
  };
}
