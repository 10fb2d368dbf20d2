import { limitOf, overdueMessage, type Phase, type TimeLimits } from '../protocol/time-limits.ts';

/**
 * A guest's deadline as its own thread keeps it, so that a guest that computes is trapped without a message. The main thread
 * keeps the same deadline for guests that wait. A class, as each instance has one.
 */
export class GuestDeadline {
  /** By `performance.now()`. */
  due: number;
  readonly #limits: TimeLimits;
  #phase: Phase = 'waiting';

  /** The guest is being instantiated; its start functions have as much time as a request. */
  constructor(limits: TimeLimits) {
    this.#limits = limits;
    this.due = performance.now() + limits.timeout;
  }

  /** A request begins; its response is due at this time. */
  begin(due: number): void {
    this.#phase = 'waiting';
    this.due = due;
  }

  /** The response has reached this phase. */
  enter(phase: Phase): void {
    if (this.#phase === 'over') return;
    this.#phase = phase;
    this.#restart();
  }

  /** More of the response was written by the guest or read by the client. */
  progress(): void {
    if (this.#phase === 'streaming') this.#restart();
  }

  /** The guest has read from a body that the client is still sending, or all of the body has arrived. */
  received(): void {
    if (this.#phase === 'waiting') this.#restart();
  }

  /** Why a guest that exceeds its deadline now is ended. */
  get message(): string {
    return overdueMessage(this.#phase, this.#limits);
  }

  #restart(): void {
    this.due = performance.now() + limitOf(this.#phase, this.#limits);
  }
}
