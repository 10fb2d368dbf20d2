import type { Deadline } from '../../http/deadline.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A request that is queued or running. */
export interface QueuedRequest {
  readonly inFlight: InFlightRequest;
  /** In milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  readonly awaited: boolean;
  readonly deadline: Deadline;
  /** Where it runs; undefined while it waits. */
  worker: WorkerHandle | undefined;
  /** Its guest waits for a client that is away: it may be ended at any time. */
  isKept: boolean;
  /** The reason why it ended was logged. */
  reported: boolean;
  /** It was told to stop to make room for others. */
  evicted: boolean;
}
