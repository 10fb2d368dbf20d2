import { Table } from '../../../host/index.ts';
import type { InFlightRequest } from './in-flight-request.ts';

/** Requests that wait for a worker, in the order of their arrival; those that a guest may be waiting for come first. */
export class RequestQueue {
  readonly #awaited = new Table<number, InFlightRequest>();
  readonly #others = new Table<number, InFlightRequest>();

  get size(): number {
    return this.#awaited.size + this.#others.size;
  }

  add(request: InFlightRequest): void {
    this.#tableOf(request).add(request.id, request);
  }

  /** Does nothing if it does not wait. */
  delete(request: InFlightRequest): void {
    if (this.size > 0) this.#tableOf(request).delete(request.id);
  }

  /** Offers each to `take`, of both kinds, until this returns false; those that are taken must be deleted by it. */
  offer(take: (request: InFlightRequest) => boolean): void {
    for (const table of [this.#awaited, this.#others]) {
      for (const request of table.values()) if (!take(request)) break;
    }
  }

  /** All that wait. */
  list(): InFlightRequest[] {
    return [...this.#awaited.values(), ...this.#others.values()];
  }

  #tableOf({ awaited }: InFlightRequest): Table<number, InFlightRequest> {
    return awaited ? this.#awaited : this.#others;
  }
}
