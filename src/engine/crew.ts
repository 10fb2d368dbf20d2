import type { Exchange } from './exchange.ts';
import type { GuestFailure } from './protocol.ts';
import { LOOK } from './stall.ts';
import type { GuestVoice, Thread, ThreadEvents } from './thread.ts';

export interface CrewOptions extends GuestVoice {
  /** Workers that take requests. */
  readonly workers: number;
  start(events: ThreadEvents): Thread;
  /** The exchange's guest is finished, or gone with its worker. */
  done(exchange: Exchange, failure: GuestFailure | undefined): void;
  /** These were given to a worker that has not begun them and never will. */
  returned(exchanges: readonly Exchange[]): void;
  /** There may be room in a worker. */
  room(): void;
  /** All workers were looked after, with so many guests in them; not again until `watch` when there were none. */
  looked?(guests: number): void;
}

/**
 * The workers. As many as were asked for take requests; one more is started and stands by, for when one is gone or a
 * guest keeps it busy, and is itself replaced in the background. For some time after that more of them stand by.
 */
export interface Crew {
  /**
   * Settles when so many workers can take requests; rejects with the first reason why one of them cannot. The others are
   * started then: whatever comes of them does not keep those from serving.
   */
  start(first: number): Promise<void>;
  /** The worker with the fewest guests, if one has fewer than `limit`. */
  freest(limit: number): Thread | undefined;
  /** Workers that a guest keeps busy. */
  readonly busy: number;
  /** The workers that are left are for other requests than those whose guests keep workers busy. */
  readonly short: boolean;
  census(): Census;
  /** A worker was given something to do: looks after all of them until none has any. */
  watch(): void;
  /** All of them, whatever they do. */
  threads(): Iterable<Thread>;
  /** Ends all workers with what runs in them. */
  close(): Promise<void>;
}

/** How many there are. */
export interface Census {
  /** Guests alive, or about to be. */
  readonly guests: number;
  /** Workers that take requests. */
  readonly serving: number;
  readonly standby: number;
  readonly starting: number;
  /** Workers that a guest keeps busy. */
  readonly busy: number;
}

/** Most workers above those asked for, so that guests that keep theirs busy cannot fill the memory. */
const EXTRA = 10;

/** Of these, those that are not for requests like the ones that keep workers busy. */
const KEPT = 2;

/** Milliseconds from the start until a worker is started to stand by: the first requests come first. */
const STANDBY_DELAY = 1000;

/** Milliseconds before a worker that could not start is tried again; twice as many each time, up to the second. */
const RETRY_DELAYS: readonly [number, number] = [1000, 30_000];

/** Most workers that stand by after guests have kept others busy. */
const SPARES = 3;

/** Milliseconds since then until there is one again: each holds some 30 MiB. */
const SURPLUS_DELAY = 15_000;

/** Milliseconds after a guest that kept nobody waiting in which more such are expected. */
const QUICK = 1000;

export function createCrew(options: CrewOptions): Crew {
  const { workers } = options;
  const threads = new Set<Thread>();
  // Where each of them is; those in none of these are kept busy by a guest.
  const starting = new Set<Thread>();
  const serving = new Set<Thread>();
  const standby = new Set<Thread>();
  const retiring = new Set<Thread>();
  /** How many should stand by. */
  let spares = 0;
  let started = false;
  let closing = false;
  /** When a guest was done last that had not kept its worker busy. */
  let quickAt = Number.NEGATIVE_INFINITY;
  let retryDelay = RETRY_DELAYS[0];
  let retry: NodeJS.Timeout | undefined;
  let provide: NodeJS.Timeout | undefined;
  let reduce: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;

  function spawn(): void {
    let thread: Thread;
    try {
      thread = create();
    } catch (error) {
      // Such as at the system's limit of threads: Node throws instead of telling the worker's listeners.
      if (!started) throw error;
      void options.log('error', 'engine', `cannot start a worker thread: ${(error as Error).message}`);
      retryLater();
      return;
    }
    threads.add(thread);
    starting.add(thread);
    thread.ready.then(
      () => {
        if (starting.delete(thread)) standby.add(thread);
        retryDelay = RETRY_DELAYS[0];
        arrange();
      },
      (error: Error) => {
        if (started && !closing) void options.log('error', 'engine', error.message);
      },
    );
  }

  function create(): Thread {
    const thread = options.start({
      output: options.output,
      log: options.log,
      degraded: options.degraded,
      done(exchange, failure) {
        if (thread.available) quickAt = performance.now();
        options.done(exchange, failure);
        if (retiring.has(thread)) retire(thread);
        else options.room();
      },
      stalled(unbegun) {
        leave(thread);
        clearTimeout(reduce);
        reduce = undefined;
        // Guests that keep a worker busy seldom come alone, and to find one takes a worker and a moment.
        spares = Math.min(spares + 1, SPARES);
        options.returned(unbegun);
        arrange();
      },
      back() {
        if (retiring.has(thread)) return;
        if (thread.worn) retire(thread);
        else standby.add(thread);
        arrange();
      },
      gone(lost, unbegun, reason) {
        const failed = starting.has(thread);
        const asked = retiring.has(thread) || closing;
        leave(thread);
        retiring.delete(thread);
        threads.delete(thread);
        for (const exchange of lost) options.done(exchange, { code: 'worker-lost', message: reason });
        options.returned(unbegun);
        if (!asked && !failed && lost.length === 0) void options.log('error', 'engine', reason);
        if (failed && started && !closing) retryLater();
        arrange();
      },
    });
    return thread;
  }

  function leave(thread: Thread): void {
    for (const place of [starting, serving, standby]) place.delete(thread);
  }

  function retire(thread: Thread): void {
    leave(thread);
    retiring.add(thread);
    if (thread.load === 0) void thread.close();
  }

  function retryLater(): void {
    if (retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      arrange();
    }, retryDelay);
    retryDelay = Math.min(2 * retryDelay, RETRY_DELAYS[1]);
  }

  /** Those that stand by take the places that are empty; what is missing then is started. */
  function arrange(): void {
    if (closing) return;
    for (const thread of standby) {
      if (serving.size >= workers) break;
      standby.delete(thread);
      serving.add(thread);
    }
    while (started && retry === undefined && surplus() < 0 && threads.size < workers + EXTRA) spawn();
    if (spares > 1 || surplus() > 0) reduce ??= setTimeout(dismiss, SURPLUS_DELAY);
    options.room();
  }

  /** Kept busy by a guest. */
  function busy(): number {
    return threads.size - retiring.size - serving.size - standby.size - starting.size;
  }

  function surplus(): number {
    return starting.size + serving.size + standby.size - workers - spares;
  }

  function dismiss(): void {
    reduce = undefined;
    spares = 1;
    for (const thread of standby) {
      if (surplus() > 0 && thread.load === 0) retire(thread);
    }
    arrange();
  }

  function look(): void {
    let load = 0;
    const othersAreQuick = performance.now() - quickAt < QUICK;
    for (const thread of threads) {
      thread.look(othersAreQuick);
      load += thread.load;
    }
    options.looked?.(load);
    // Guests that begin make room without a word.
    options.room();
    if (load > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  return {
    async start(first) {
      for (let i = 0; i < first; i++) spawn();
      await Promise.all([...threads].map((thread) => thread.ready));
      started = true;
      arrange();
      provide = setTimeout(() => {
        spares = Math.max(spares, 1);
        arrange();
      }, STANDBY_DELAY);
    },
    freest(limit) {
      let best: Thread | undefined;
      for (const thread of serving) {
        if (thread.available && thread.load < (best?.load ?? limit)) best = thread;
      }
      return best;
    },
    get busy() {
      return busy();
    },
    get short() {
      return busy() >= workers + EXTRA - KEPT;
    },
    census() {
      let guests = 0;
      for (const thread of threads) guests += thread.load;
      const [free, standing, coming] = [serving.size, standby.size, starting.size];
      return { guests, serving: free, standby: standing, starting: coming, busy: busy() };
    },
    threads: () => threads,
    watch() {
      looking ??= setInterval(look, LOOK);
    },
    async close() {
      closing = true;
      clearTimeout(retry);
      clearTimeout(provide);
      clearTimeout(reduce);
      clearInterval(looking);
      await Promise.all([...threads].map((thread) => thread.close()));
    },
  };
}
