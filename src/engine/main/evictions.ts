import { WasmcpError } from '../../../host/index.ts';
import { createDispensable } from './dispensable.ts';
import type { QueuedRequest } from './queued-request.ts';
import type { GuestVoice } from './worker-handle.ts';

/** Ends guests to make room for requests that wait. */
export class Evictions {
  readonly #log: GuestVoice['log'];
  /** Guests whose clients have disconnected, or have been sending their bodies for longer than a request may take. */
  readonly #dispensable = createDispensable<QueuedRequest>();
  /** Guests that were told to stop and have not stopped yet. */
  #underWay = 0;

  constructor(log: GuestVoice['log']) {
    this.#log = log;
  }

  /** This guest may be ended from now on. */
  allow(queued: QueuedRequest): void {
    this.#dispensable.add(queued.inFlight.id, queued);
  }

  /** The guest may no longer be ended, because a client waits for it again. */
  forbid({ inFlight }: QueuedRequest): void {
    this.#dispensable.delete(inFlight.id);
  }

  /** It is finished. */
  settled(queued: QueuedRequest): void {
    this.forbid(queued);
    if (queued.evicted) this.#underWay -= 1;
  }

  /** Ends at most one guest for each of `waiting` requests. */
  makeRoom(waiting: number): void {
    for (const queued of this.#dispensable.take(waiting - this.#underWay)) this.#evict(queued);
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
