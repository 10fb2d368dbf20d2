import { Table, WasmcpError } from '../../../host/index.ts';
import type { QueuedRequest } from './request-queue.ts';
import type { GuestVoice } from './worker-handle.ts';

/**
 * Milliseconds that a guest without a client may run before its place is given to others. Most finish by then, and their effects
 * matter.
 */
const GRACE = 1000;

interface Dispensable {
  readonly queued: QueuedRequest;
  readonly since: number;
}

/** Ends guests to make room for requests that wait. */
export class Evictions {
  readonly #log: GuestVoice['log'];
  readonly #now: () => number;
  /** Guests whose clients have disconnected or have been sending their bodies for longer than a request may take, the oldest first. */
  readonly #dispensable = new Table<number, Dispensable>();
  /** Guests that wait for clients that are away, the oldest first. */
  readonly #kept = new Table<number, QueuedRequest>();
  /** Guests that were told to stop and have not stopped yet. */
  #underWay = 0;

  constructor(log: GuestVoice['log'], now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** This guest may be ended from now on. May be called twice: the first call counts. */
  allow(queued: QueuedRequest): void {
    const { id } = queued.inFlight;
    if (this.#dispensable.get(id) === undefined) this.#dispensable.add(id, { queued, since: this.#now() });
  }

  /** The guest may no longer be ended, because a client waits for it again. */
  forbid({ inFlight }: QueuedRequest): void {
    if (this.#dispensable.size > 0) this.#dispensable.delete(inFlight.id);
  }

  /** Whether the guest waits for a client that is away: it goes before all others, at once. */
  keep(queued: QueuedRequest, isKept: boolean): void {
    if (queued.isKept === isKept) return;
    queued.isKept = isKept;
    if (isKept) this.#kept.add(queued.inFlight.id, queued);
    else this.#kept.delete(queued.inFlight.id);
  }

  kept(): Iterable<QueuedRequest> {
    return this.#kept.values();
  }

  /** It is finished. */
  settled(queued: QueuedRequest): void {
    this.forbid(queued);
    if (queued.isKept) this.keep(queued, false);
    if (queued.evicted) this.#underWay -= 1;
  }

  /** Ends at most one guest for each of `waiting` requests: kept ones, and those that have been dispensable for long enough. */
  makeRoom(waiting: number): void {
    if (this.#kept.size > 0) {
      for (const queued of this.#kept.values()) {
        if (this.#underWay >= waiting) return;
        this.#evict(queued, 'its client was away');
      }
    }
    if (this.#dispensable.size === 0) return;
    const latest = this.#now() - GRACE;
    for (const { queued, since } of this.#dispensable.values()) {
      if (this.#underWay >= waiting || since > latest) return;
      this.forbid(queued);
      const hasLeft = queued.inFlight.phase === 'over';
      this.#evict(queued, hasLeft ? 'its client had disconnected' : 'its body arrived too slowly');
    }
  }

  #evict(queued: QueuedRequest, reason: string): void {
    const { inFlight, worker } = queued;
    this.keep(queued, false);
    const message = `the guest was ended: ${reason}, and others needed its place`;
    void this.#log('warn', inFlight.label(), message);
    queued.reported = true;
    queued.evicted = true;
    this.#underWay += 1;
    inFlight.fail(new WasmcpError('queue-full', message));
    queued.deadline.cancel();
    worker!.abort(inFlight, message);
  }
}
