import type { Deadline } from '../../http/deadline.ts';
import type { InFlightRequest } from './in-flight-request.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A request that is queued or running. */
export interface QueuedRequest {
  readonly exchange: InFlightRequest;
  /** In milliseconds of `performance.now()`. */
  readonly receivedAt: number;
  readonly awaited: boolean;
  readonly deadline: Deadline;
  /** For the log. */
  readonly label: string;
  /** Its path: requests that have it in common are likely to keep guests busy alike. */
  readonly kind: string;
  /** Where it runs; undefined while it waits. */
  thread: WorkerHandle | undefined;
  /** When it was given to that, in milliseconds of `performance.now()`. */
  placedAt: number;
  /** Until then, in milliseconds of `performance.now()`, it must get a worker that runs nothing else. */
  suspectUntil: number;
  /** The reason why it ended was logged. */
  reported: boolean;
  /** It was told to stop to make room for others. */
  evicted: boolean;
}
