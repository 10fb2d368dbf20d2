import type { GuestFailure } from '../protocol/messages.ts';
import { LOOK } from '../stall.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import type { GuestVoice, WorkerEvents, WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions extends GuestVoice {
  /** Workers that take requests. */
  readonly workers: number;
  start(events: WorkerEvents): WorkerHandle;
  /** The exchange's guest is finished, or was lost with its worker. */
  done(exchange: InFlightRequest, failure: GuestFailure | undefined): void;
  /** These were given to a worker that has not begun them and never will. */
  returned(exchanges: readonly InFlightRequest[]): void;
  /** There may be room in a worker. */
  room(): void;
  /** All workers were checked, and run this many guests; if none, checks stop until `watch` is called. */
  looked?(guests: number): void;
}

/**
 * The workers. The requested number takes requests; one more is started as a standby, which replaces a worker that exits
 * or that a guest keeps busy, and is itself replaced in the background. For some time after that, more are on standby.
 */
export interface WorkerSupervisor {
  /**
   * Settles when `first` workers can take requests; rejects with the first reason why one of them cannot. The others are
   * started then: their failures do not stop these from serving.
   */
  start(first: number): Promise<void>;
  /** The worker with the fewest guests, if one has fewer than `limit`. */
  freest(limit: number): WorkerHandle | undefined;
  /** Workers that a guest keeps busy. */
  readonly busy: number;
  /** The workers that are left are for other requests than those whose guests keep workers busy. */
  readonly short: boolean;
  census(): WorkerCounts;
  /** A worker was given work: checks all workers periodically until none has any. */
  watch(): void;
  /** All workers, in any state. */
  threads(): Iterable<WorkerHandle>;
  /** Ends all workers and the guests in them. */
  close(): Promise<void>;
}

/** The number of guests and workers. */
export interface WorkerCounts {
  /** Guests that are alive or about to start. */
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

/** Milliseconds from the start until a standby worker is started: the first requests have priority. */
const STANDBY_DELAY = 1000;

/** Milliseconds before a failed start of a worker is retried; doubled each time, up to the second value. */
const RETRY_DELAYS: readonly [number, number] = [1000, 30_000];

/** Maximum number of standby workers after guests have kept others busy. */
const SPARES = 3;

/** Milliseconds since then until there is one again: each holds some 30 MiB. */
const SURPLUS_DELAY = 15_000;

/** Milliseconds after a quick guest finished in which more quick ones are expected. */
const QUICK = 1000;

export function createWorkerSupervisor(options: SupervisorOptions): WorkerSupervisor {
  const { workers } = options;
  const threads = new Set<WorkerHandle>();
  // The state of each; a worker that is in none of these sets is kept busy by a guest.
  const starting = new Set<WorkerHandle>();
  const serving = new Set<WorkerHandle>();
  const standby = new Set<WorkerHandle>();
  const retiring = new Set<WorkerHandle>();
  /** How many workers should be on standby. */
  let spares = 0;
  let started = false;
  let closing = false;
  /** When a guest last finished without having kept its worker busy. */
  let quickAt = Number.NEGATIVE_INFINITY;
  let retryDelay = RETRY_DELAYS[0];
  let retry: NodeJS.Timeout | undefined;
  let provide: NodeJS.Timeout | undefined;
  let reduce: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;

  function spawn(): void {
    let thread: WorkerHandle;
    try {
      thread = create();
    } catch (error) {
      // For example at the system's limit on threads: Node throws instead of emitting `error` on the worker.
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

  function create(): WorkerHandle {
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
        // Guests that keep a worker busy often come in groups, and detecting each costs a worker and some time.
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

  function leave(thread: WorkerHandle): void {
    for (const place of [starting, serving, standby]) place.delete(thread);
  }

  function retire(thread: WorkerHandle): void {
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

  /** Standby workers fill empty places; missing workers are then started. */
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
    // A guest that begins makes room without sending a message.
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
      let best: WorkerHandle | undefined;
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
