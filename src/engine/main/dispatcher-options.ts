import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { Collect } from '../../process/memory/collect.ts';
import type { Ledger } from '../../process/memory/ledger.ts';
import type { TimeLimits } from '../protocol/time-limits.ts';
import type { GuestVoice, WorkerEvents, WorkerHandle } from './worker-handle.ts';
import type { WorkerCounts } from './worker-supervisor.ts';

export interface DispatcherOptions extends GuestVoice {
  /** The number of worker threads, and the maximum while computing guests fill them. */
  readonly workers: number;
  readonly maxWorkers: number;
  /** Maximum number of live guests in one worker; instantiation slows down with their number. */
  readonly liveLimit: number;
  /** Maximum number of requests that wait for a worker; one more is refused. */
  readonly queueLimit: number;
  /** How long guests may take; the time until the response starts includes the wait for a worker. */
  readonly limits: TimeLimits;
  /** The process's memory: requests wait while too much is in use. */
  readonly ledger: Ledger;
  readonly collect: Collect;
  start(events: WorkerEvents): WorkerHandle;
}

/** The current load. */
export interface DispatcherLoad extends WorkerCounts {
  /** Requests that wait for a worker. */
  readonly waiting: number;
}

/** Gives requests to workers, and keeps those that wait for one. */
export interface Dispatcher {
  /** Settles when `first` workers can take requests, see `WorkerSupervisor`. */
  start(first: number): Promise<void>;
  handle(request: GuestRequest, target: ResponseWriter): RequestHandle;
  load(): DispatcherLoad;
  /** Accepts no new requests; waits at most `limit` milliseconds for those in flight, then ends the workers. */
  close(limit: number): Promise<void>;
}
