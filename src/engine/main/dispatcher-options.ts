import type { Collect } from '../../process/memory/collect.ts';
import type { Ledger } from '../../process/memory/ledger.ts';
import type { TimeLimits } from '../protocol/time-limits.ts';
import type { GuestVoice, WorkerEvents, WorkerHandle } from './worker-handle.ts';
import type { WorkerCounts } from './worker-supervisor.ts';

export interface DispatcherOptions extends Pick<GuestVoice, 'log'> {
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
