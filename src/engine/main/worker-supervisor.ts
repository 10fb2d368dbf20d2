import type { GuestFailure } from '../protocol/messages.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import type { GuestVoice, WorkerEvents, WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions extends GuestVoice {
  /** Workers that take requests. */
  readonly workers: number;
  start(events: WorkerEvents): WorkerHandle;
  /** The request's guest is finished, or was lost with its worker. */
  done(request: InFlightRequest, failure: GuestFailure | undefined): void;
  /** There may be room in a worker. */
  room(): void;
}

/** The workers. One that exits is replaced, and a failed start is retried. */
export interface WorkerSupervisor {
  /**
   * Settles when `first` workers can take requests; rejects with the first reason why one of them cannot. Only then are the others
   * started, so their failures do not keep these from serving.
   */
  start(first: number): Promise<void>;
  /** The worker with the fewest guests, if one has fewer than `limit`. */
  freest(limit: number): WorkerHandle | undefined;
  counts(): WorkerCounts;
  /** All workers, in any state. */
  handles(): Iterable<WorkerHandle>;
  /** Ends all workers and the guests in them. */
  close(): Promise<void>;
}

/** The number of guests and workers. */
export interface WorkerCounts {
  /** Guests that are alive or about to start. */
  readonly guests: number;
  /** Workers that take requests. */
  readonly serving: number;
  readonly starting: number;
}

/** Milliseconds before a failed start of a worker is retried; doubled each time, up to the second value. */
const RETRY_DELAYS: readonly [number, number] = [1000, 30_000];

export function createWorkerSupervisor(options: SupervisorOptions): WorkerSupervisor {
  return new Supervisor(options);
}

class Supervisor implements WorkerSupervisor {
  readonly #options: SupervisorOptions;
  readonly #starting = new Set<WorkerHandle>();
  readonly #serving = new Set<WorkerHandle>();
  #started = false;
  #closing = false;
  #retryDelay = RETRY_DELAYS[0];
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  async start(first: number): Promise<void> {
    for (let i = 0; i < first; i++) this.#spawn();
    await Promise.all([...this.#starting].map(({ ready }) => ready));
    this.#started = true;
    this.#complete();
  }

  freest(limit: number): WorkerHandle | undefined {
    let best: WorkerHandle | undefined;
    for (const handle of this.#serving) {
      if (handle.available && handle.load < (best?.load ?? limit)) best = handle;
    }
    return best;
  }

  counts(): WorkerCounts {
    let guests = 0;
    for (const { load } of this.handles()) guests += load;
    return { guests, serving: this.#serving.size, starting: this.#starting.size };
  }

  *handles(): Iterable<WorkerHandle> {
    yield* this.#serving;
    yield* this.#starting;
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    await Promise.all([...this.handles()].map((handle) => handle.close()));
  }

  /** Starts what is missing. */
  #complete(): void {
    const { workers } = this.#options;
    while (this.#mayStart && this.#serving.size + this.#starting.size < workers) this.#spawn();
    this.#options.room();
  }

  get #mayStart(): boolean {
    return this.#started && !this.#closing && this.#retry === undefined;
  }

  #spawn(): void {
    let handle: WorkerHandle;
    try {
      handle = this.#create();
    } catch (error) {
      // For example at the system's limit on threads: Node throws instead of emitting `error` on the worker.
      if (!this.#started) throw error;
      this.#report(`cannot start a worker thread: ${(error as Error).message}`);
      this.#retryLater();
      return;
    }
    this.#starting.add(handle);
    handle.ready.then(
      () => {
        if (this.#starting.delete(handle)) this.#serving.add(handle);
        this.#retryDelay = RETRY_DELAYS[0];
        this.#complete();
      },
      (error: Error) => {
        if (this.#started && !this.#closing) this.#report(error.message);
      },
    );
  }

  #create(): WorkerHandle {
    const { start, output, log, degraded, done, room } = this.#options;
    const handle = start({
      output,
      log,
      degraded,
      done(request, failure) {
        done(request, failure);
        room();
      },
      gone: (lost, reason) => this.#gone(handle, lost, reason),
    });
    return handle;
  }

  #gone(handle: WorkerHandle, lost: readonly InFlightRequest[], reason: string): void {
    const hasFailed = this.#starting.delete(handle);
    this.#serving.delete(handle);
    for (const request of lost) this.#options.done(request, { code: 'worker-lost', message: reason });
    if (!this.#closing && !hasFailed && lost.length === 0) this.#report(reason);
    if (hasFailed && this.#started && !this.#closing) this.#retryLater();
    this.#complete();
  }

  #retryLater(): void {
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#complete();
    }, this.#retryDelay);
    this.#retryDelay = Math.min(2 * this.#retryDelay, RETRY_DELAYS[1]);
  }

  #report(problem: string): void {
    void this.#options.log('error', 'engine', problem);
  }
}
