import { limitOf, overdueMessage, type Phase, type TimeLimits } from '../protocol/time-limits.ts';

/**
 * Until when a guest may run, as its own thread knows it: a guest that computes is ended where it stands, without a message. The
 * main thread has the same deadline, for guests that wait. A class, as each instance has one.
 */
export class GuestDeadline {
  /** By `performance.now()`. */
  due: number;
  readonly #limits: TimeLimits;
  #phase: Phase = 'waiting';

  /** The guest is being instantiated: its start functions have as much time as a request. */
  constructor(limits: TimeLimits) {
    this.#limits = limits;
    this.due = performance.now() + limits.timeout;
  }

  /** A request begins, which is due at this time. */
  begin(due: number): void {
    this.#phase = 'waiting';
    this.due = due;
  }

  /** The response has come so far. */
  enter(phase: Phase): void {
    if (this.#phase === 'over') return;
    this.#phase = phase;
    this.#restart();
  }

  /** More of the response was written, or read by the client. */
  progress(): void {
    if (this.#phase === 'streaming') this.#restart();
  }

  /** The guest has read from a body that the client still sends, or all of that has arrived. */
  received(): void {
    if (this.#phase === 'waiting') this.#restart();
  }

  /** What is said of a guest that is ended now because of it. */
  get message(): string {
    return overdueMessage(this.#phase, this.#limits);
  }

  #restart(): void {
    this.due = performance.now() + limitOf(this.#phase, this.#limits);
  }
}
