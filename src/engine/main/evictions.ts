import { Table, WasmcpError } from '../../../host/index.ts';
import type { QueuedRequest } from './queued-request.ts';
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

  /** It is finished. */
  settled(queued: QueuedRequest): void {
    this.forbid(queued);
    if (queued.evicted) this.#underWay -= 1;
  }

  /** Ends at most one guest for each of `waiting` requests: those that have been dispensable for long enough. */
  makeRoom(waiting: number): void {
    if (this.#dispensable.size === 0) return;
    const latest = this.#now() - GRACE;
    for (const { queued, since } of this.#dispensable.values()) {
      if (this.#underWay >= waiting || since > latest) return;
      this.forbid(queued);
      this.#evict(queued);
    }
  }

  #evict(queued: QueuedRequest): void {
    const { inFlight, label, worker } = queued;
    const reason = inFlight.phase === 'over' ? 'its client had disconnected' : 'its body arrived too slowly';
    const message = `the guest was ended: ${reason}, and others needed its place`;
    void this.#log('warn', label, message);
    queued.reported = true;
    queued.evicted = true;
    this.#underWay += 1;
    inFlight.fail(new WasmcpError('queue-full', message));
    queued.deadline.cancel();
    worker!.abort(inFlight, message);
  }
}
