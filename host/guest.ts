import { createBudget, type GuestBudget } from './budget.ts';
import { createDescriptors, type Descriptors } from './descriptors.ts';
import { Signal } from './signal.ts';
import { Table } from './table.ts';
import type { Turns } from './turns.ts';

/** How a guest shares its thread with others. */
export interface Sharing {
  readonly turns: Turns;
  /** False while nothing can suspend the guest: it is being instantiated, or runs a destructor. */
  maySuspend(): boolean;
}

/**
 * One guest as its host functions see it: may it still run, what does it wait for, what must be released.
 *
 * A suspended guest is never abandoned (its stack would leak): `end` wakes every wait, which then traps.
 */
export class Guest {
  /** What the host holds for it, in bytes. */
  readonly budget: GuestBudget;
  /** Files and connections that it has open. */
  readonly descriptors: Descriptors;
  readonly #ending = new Signal();
  readonly #releases = new Table<symbol, () => void>();
  readonly #sharing: Sharing | undefined;
  #ended: string | undefined;

  /** Without `sharing` it has its thread for itself. */
  constructor(
    sharing?: Sharing,
    budget: GuestBudget = createBudget(),
    descriptors: Descriptors = createDescriptors(),
  ) {
    this.#sharing = sharing;
    this.budget = budget;
    this.descriptors = descriptors;
  }

  /** Why the guest may not run on, once `end` was called. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Traps when the guest was ended. Host functions with an effect call it first. */
  check(): void {
    if (this.#ended !== undefined) throw new WebAssembly.RuntimeError(this.#ended);
  }

  /** A new request for an instance that has served others: it may run again. Only after `end` and `release`. */
  begin(): void {
    this.#ended = undefined;
    this.#sharing?.turns.begin();
  }

  /** Ends the guest: its pending waits settle, and each later host call traps. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#ending.wake();
  }

  /**
   * What `work` answers, or a promise of it when others have to have the thread first. For host functions that may answer
   * with a promise: without it, a guest for which everything is ready would keep the thread for ever.
   */
  fairly<T>(work: () => T | Promise<T>): T | Promise<T> {
    const sharing = this.#sharing;
    if (sharing === undefined || !sharing.turns.due() || !sharing.maySuspend()) return work();
    return sharing.turns.next().then(() => {
      this.check();
      return work();
    });
  }

  /** Settles when one of the signals wakes; rejects with a trap when the guest is ended. */
  suspend(signals: Iterable<Signal>): Promise<void> {
    const watched = new Set(signals).add(this.#ending);
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        for (const signal of watched) signal.unlisten(wake);
        if (this.#ended === undefined) resolve();
        else reject(new WebAssembly.RuntimeError(this.#ended));
      };
      if (this.#ended !== undefined) wake();
      else for (const signal of watched) signal.listen(wake);
    });
  }

  /** The outcome of `promise`, unless the guest is ended first: then a trap. */
  async settle<T>(promise: PromiseLike<T>): Promise<T> {
    const done = new Signal();
    let outcome: { ok: true; value: T } | { ok: false; error: unknown } | undefined;
    promise.then(
      (value) => {
        outcome = { ok: true, value };
        done.wake();
      },
      (error: unknown) => {
        outcome = { ok: false, error };
        done.wake();
      },
    );
    while (outcome === undefined) await this.suspend([done]);
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }

  /** Registers work for the end of the request (a timer to clear, a stream to let go); answers its cancellation. */
  onRelease(release: () => void): () => void {
    const key = Symbol();
    this.#releases.add(key, release);
    return () => this.#releases.delete(key);
  }

  /** The request is over: everything still held for it is let go. Calling it twice is fine. */
  release(): void {
    if (this.#releases.size === 0) return;
    for (const release of this.#releases.clear()) release();
  }
}
