import { Table } from '../../../host/index.ts';
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

/** Requests that wait for a worker, in the order of their arrival; those that a guest may be waiting for come first. */
export class RequestQueue {
  readonly #awaited = new Table<number, QueuedRequest>();
  readonly #others = new Table<number, QueuedRequest>();

  get size(): number {
    return this.#awaited.size + this.#others.size;
  }

  add(request: QueuedRequest): void {
    this.#tableOf(request).add(request.inFlight.id, request);
  }

  /** Does nothing if it does not wait. */
  delete(request: QueuedRequest): void {
    if (this.size > 0) this.#tableOf(request).delete(request.inFlight.id);
  }

  /** Offers each to `take`, of both kinds, until this returns false; those that are taken must be deleted by it. */
  offer(take: (request: QueuedRequest) => boolean): void {
    for (const table of [this.#awaited, this.#others]) {
      for (const request of table.values()) if (!take(request)) break;
    }
  }

  /** All that wait. */
  list(): QueuedRequest[] {
    return [...this.#awaited.values(), ...this.#others.values()];
  }

  #tableOf({ awaited }: QueuedRequest): Table<number, QueuedRequest> {
    return awaited ? this.#awaited : this.#others;
  }
}
