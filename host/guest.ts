import { Signal } from './signal.ts';

/**
 * One guest as its host functions see it: may it still run, what does it wait for, what must be released.
 *
 * A suspended guest is never abandoned (its stack would leak): `end` wakes every wait, which then traps.
 */
export class Guest {
  readonly #ending = new Signal();
  readonly #releases = new Set<() => void>();
  #ended: string | undefined;

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
  }

  /** Ends the guest: its pending waits settle, and each later host call traps. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#ending.wake();
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
    this.#releases.add(release);
    return () => this.#releases.delete(release);
  }

  /** The request is over: everything still held for it is let go. Calling it twice is fine. */
  release(): void {
    for (const release of [...this.#releases]) release();
    this.#releases.clear();
  }
}
