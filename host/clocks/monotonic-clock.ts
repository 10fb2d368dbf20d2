import type { Guest } from '../guest.ts';
import { Pollable, type Waitable } from '../io/poll.ts';
import type { Implementation } from '../options.ts';
import { Signal } from '../signal.ts';

/** Maximum delay of a timer in milliseconds: Node fires longer ones immediately. */
const MAX_DELAY: number = 2 ** 31 - 1;

/** Bytes charged for a running timer besides its pollable. */
const TIMER_COST = 500;

/** `wasi:clocks/monotonic-clock`: nanoseconds from an arbitrary point in the past. */
export function monotonicClock(guest: Guest): Implementation {
  return {
    now: (): bigint => process.hrtime.bigint(),
    resolution: (): bigint => 1n,
    subscribeInstant(when: bigint): Pollable {
      guest.check();
      return new Pollable(new Timer(guest, when));
    },
    subscribeDuration(duration: bigint): Pollable {
      guest.check();
      return new Pollable(new Timer(guest, process.hrtime.bigint() + duration));
    },
  };
}

/** Ready from `deadline` on. Runs a timer of the event loop only while the guest waits for it. */
class Timer implements Waitable {
  readonly guest: Guest;
  readonly #deadline: bigint;
  readonly #changed: Signal = new Signal();
  #handle: NodeJS.Timeout | undefined;
  #forget: (() => void) | undefined;

  constructor(guest: Guest, deadline: bigint) {
    this.guest = guest;
    this.#deadline = deadline;
  }

  get changed(): Signal {
    if (this.#handle === undefined) this.#arm();
    return this.#changed;
  }

  ready(): boolean {
    return process.hrtime.bigint() >= this.#deadline;
  }

  release(): void {
    if (this.#handle === undefined) return;
    clearTimeout(this.#handle);
    this.#handle = undefined;
    this.guest.budget.release(TIMER_COST);
    this.#forget?.();
  }

  #arm(): void {
    this.guest.budget.charge(TIMER_COST);
    const delay = Math.ceil(Number(this.#deadline - process.hrtime.bigint()) / 1e6);
    this.#handle = setTimeout(() => this.#fire(), Math.min(Math.max(delay, 0), MAX_DELAY));
    this.#forget = this.guest.onRelease(() => this.release());
  }

  /** May fire early, a clamped timer by days: the waiter checks `ready` and reads `changed` again. */
  #fire(): void {
    this.release();
    this.#changed.wake();
  }
}
