import { Table, WasmcpError } from '../../../host/index.ts';
import type { EngineSettings } from '../options.ts';
import type { InFlightRequest } from './in-flight-request.ts';

/**
 * Milliseconds that a guest without a client may run before its place is given to others. Most finish by then, and their effects
 * matter.
 */
const GRACE = 1000;

interface Dispensable {
  readonly request: InFlightRequest;
  readonly since: number;
}

/** Ends guests to make room for requests that wait. */
export class Evictions {
  readonly #log: EngineSettings['log'];
  readonly #now: () => number;
  /** Guests whose clients have disconnected or have been sending their bodies for longer than a request may take, the oldest first. */
  readonly #dispensable = new Table<number, Dispensable>();
  /** Guests that wait for clients that are away, the oldest first. */
  readonly #kept = new Table<number, InFlightRequest>();
  /** Guests that were told to stop and have not stopped yet. */
  readonly #underWay = new Set<number>();

  constructor(log: EngineSettings['log'], now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** This guest may be ended from now on. May be called twice: the first call counts. */
  allow(request: InFlightRequest): void {
    const { id } = request;
    if (this.#underWay.has(id)) return;
    if (this.#dispensable.get(id) === undefined) this.#dispensable.add(id, { request, since: this.#now() });
  }

  /** The guest may no longer be ended, because a client waits for it again. */
  forbid({ id }: InFlightRequest): void {
    if (this.#dispensable.size > 0) this.#dispensable.delete(id);
  }

  /** Whether the guest waits for a client that is away: it goes before all others, at once. */
  keep(request: InFlightRequest, isKept: boolean): void {
    const { id } = request;
    if (!isKept) this.#kept.delete(id);
    else if (this.#kept.get(id) === undefined && !this.#underWay.has(id)) this.#kept.add(id, request);
  }

  kept(): Iterable<InFlightRequest> {
    return this.#kept.values();
  }

  /** The guest was told to stop, for whatever reason: its place will be free, and nothing else need end it. */
  stops(request: InFlightRequest): void {
    this.forbid(request);
    this.keep(request, false);
    this.#underWay.add(request.id);
  }

  /** It is finished. */
  settled(request: InFlightRequest): void {
    this.forbid(request);
    if (this.#kept.size > 0) this.#kept.delete(request.id);
    if (this.#underWay.size > 0) this.#underWay.delete(request.id);
  }

  /** Ends at most one guest for each of `waiting` requests: kept ones, and those that have been dispensable for long enough. */
  makeRoom(waiting: number): void {
    if (this.#kept.size > 0) {
      for (const request of this.#kept.values()) {
        if (this.#underWay.size >= waiting) return;
        this.#evict(request, 'its client was away');
      }
    }
    if (this.#dispensable.size === 0) return;
    const latest = this.#now() - GRACE;
    for (const { request, since } of this.#dispensable.values()) {
      if (this.#underWay.size >= waiting || since > latest) return;
      const hasLeft = request.phase === 'over';
      this.#evict(request, hasLeft ? 'its client had disconnected' : 'its body arrived too slowly');
    }
  }

  #evict(request: InFlightRequest, reason: string): void {
    this.stops(request);
    const message = `the guest was ended: ${reason}, and others needed its place`;
    void this.#log('warn', request.label(), message);
    request.reported = true;
    request.abort(new WasmcpError('queue-full', message));
  }
}
