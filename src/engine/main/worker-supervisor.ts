import { availableParallelism } from 'node:os';
import type { EngineSettings } from '../options.ts';
import type { GuestFailure } from '../protocol/messages.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import { createReinforcement, type Reinforcement } from './reinforcement.ts';
import { ThreadLoad } from './thread-load.ts';
import type { WorkerEvents, WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions extends Pick<EngineSettings, 'log'> {
  /** The number of workers that take requests, and the maximum while computing guests fill them. */
  readonly workers: number;
  readonly maxWorkers: number;
  /** This thread; tests have their own. */
  readonly mainLoad?: Pick<ThreadLoad, 'isBusy' | 'sample'>;
  /** The number of processors, which this thread shares with the workers. */
  readonly processors?: number;
  start(events: WorkerEvents): WorkerHandle;
  /** The request's guest is finished, or was lost with its worker. */
  done(request: InFlightRequest, failure: GuestFailure | undefined): void;
  /** There may be room in a worker. */
  room(): void;
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

/** Guests in one worker from which on another worker takes requests too, although the main thread needs its processor. */
const CROWD = 24;

/** The workers. One that exits is replaced, and a failed start is retried. */
export class WorkerSupervisor {
  readonly #options: SupervisorOptions;
  readonly #starting = new Set<WorkerHandle>();
  readonly #serving = new Set<WorkerHandle>();
  /** They take no more requests, and end with their last one. */
  readonly #leaving = new Set<WorkerHandle>();
  readonly #reinforcement: Reinforcement;
  readonly #mainLoad: Pick<ThreadLoad, 'isBusy' | 'sample'>;
  readonly #processors: number;
  /** What computing guests had used at the last look, of all workers together. */
  #computed = 0;
  /** The main thread needs a processor, and computing guests do not need all of them. */
  #leavesOne = false;
  #wanted: number;
  #resting: NodeJS.Timeout | undefined;
  #started = false;
  #closing = false;
  #retryDelay = RETRY_DELAYS[0];
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { mainLoad = new ThreadLoad(), processors = availableParallelism() } = options;
    this.#mainLoad = mainLoad;
    this.#processors = processors;
    this.#wanted = options.workers;
    this.#reinforcement = createReinforcement(options.workers, options.maxWorkers);
  }

  /**
   * Settles when `first` workers can take requests; rejects with the first reason why one of them cannot. Only then are the others
   * started, so their failures do not keep these from serving.
   */
  async start(first: number): Promise<void> {
    for (let i = 0; i < first; i++) this.#spawn();
    await Promise.all([...this.#starting].map(({ ready }) => ready));
    this.#started = true;
    this.#complete();
  }

  /**
   * The worker with the fewest guests, if one has fewer than `limit`. While this thread is busy with quick requests it needs a
   * processor: if there are as many workers as processors, the last one gets requests only while the others have many.
   */
  freest(limit: number): WorkerHandle | undefined {
    let left = this.#serving.size;
    const leavesOne = this.#leavesOne && left >= this.#processors;
    let best: WorkerHandle | undefined;
    for (const handle of this.#serving) {
      left -= 1;
      if (left === 0 && leavesOne && best !== undefined && best.load < CROWD) break;
      if (handle.available && handle.load < (best?.load ?? limit)) best = handle;
    }
    return best;
  }

  /**
   * Looks at what the threads do: starts one more worker or ends one, as `Reinforcement` decides. To be called regularly while guests
   * run.
   */
  adjust(): void {
    this.#sampleLoad();
    const { workers, maxWorkers } = this.#options;
    if (!this.#started || this.#closing || maxWorkers <= workers) return;
    clearTimeout(this.#resting);
    const wanted = this.#reinforcement.sample([...this.#serving], performance.now());
    if (wanted !== this.#wanted) this.#resize(wanted);
    // Without guests there are no regular calls.
    const { due } = this.#reinforcement;
    if (due !== undefined) this.#resting = setTimeout(() => this.adjust(), due).unref();
  }

  #sampleLoad(): void {
    const before = this.#computed;
    this.#computed = 0;
    for (const { computed } of this.handles()) this.#computed += computed;
    this.#mainLoad.sample();
    this.#leavesOne = this.#mainLoad.isBusy && this.#computed === before;
  }

  counts(): WorkerCounts {
    let guests = 0;
    for (const { load } of this.handles()) guests += load;
    return { guests, serving: this.#serving.size, starting: this.#starting.size };
  }

  /** All workers, in any state. */
  *handles(): Iterable<WorkerHandle> {
    yield* this.#serving;
    yield* this.#starting;
    yield* this.#leaving;
  }

  /** Ends all workers and the guests in them. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#resting);
    await Promise.all([...this.handles()].map((handle) => handle.close()));
  }

  /** Starts missing workers, and ends superfluous ones. */
  #complete(): void {
    while (this.#mayStart && this.#serving.size + this.#starting.size < this.#wanted) this.#spawn();
    for (const handle of [...this.#serving].slice(this.#wanted)) {
      this.#serving.delete(handle);
      this.#leaving.add(handle);
      this.#endIfLeft(handle);
    }
    this.#options.room();
  }

  #resize(wanted: number): void {
    this.#wanted = wanted;
    for (const handle of this.#leaving) {
      if (this.#serving.size + this.#starting.size >= wanted) break;
      if (!handle.available) continue;
      this.#leaving.delete(handle);
      this.#serving.add(handle);
    }
    this.#complete();
  }

  #endIfLeft(handle: WorkerHandle): void {
    if (this.#leaving.has(handle) && handle.load === 0) void handle.close();
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
    const { start, done, room } = this.#options;
    const endIfLeft = (): void => this.#endIfLeft(handle);
    const handle = start({
      done(request, failure) {
        done(request, failure);
        endIfLeft();
        room();
      },
      gone: (lost, reason) => this.#gone(handle, lost, reason),
    });
    return handle;
  }

  #gone(handle: WorkerHandle, lost: readonly InFlightRequest[], reason: string): void {
    const hasFailed = this.#starting.delete(handle);
    this.#serving.delete(handle);
    const hasLeft = this.#leaving.delete(handle);
    for (const request of lost) this.#options.done(request, { code: 'worker-lost', message: reason });
    if (!this.#closing && !hasFailed && !hasLeft && lost.length === 0) this.#report(reason);
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
