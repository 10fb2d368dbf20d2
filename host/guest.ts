import { createBudget, type GuestBudget } from './budget.ts';
import { createDescriptors, type Descriptors } from './descriptors.ts';
import type { WasmcpError } from './error.ts';
import { type Fence, parseFence } from './keyvalue/leases.ts';
import type { Operations, TraceHeaders } from './operations.ts';
import { Signal } from './signal.ts';
import { Table } from './table.ts';

/** A guest's share of its thread, which it uses together with other guests. */
export interface ThreadShare {
  /** The guest begins a request, and has the thread for now. */
  begin(): void;
  /** Whether the guest has used its share for now and can be suspended; then it must await `next`. */
  isDue(): boolean;
  /** Resolves when it is the guest's turn again. */
  next(): Promise<void>;
  /** The guest waits for something and gives up the thread; it `resumes` once that has arrived. */
  suspended?(): void;
  /** The guest calls a host function that may take long, or has called some: it may have to give up the thread soon. */
  sampleTime?(): void;
  resumes?(): void;
}

/**
 * One guest as its host functions see it: whether it may run, what it waits for, what must be released.
 *
 * A suspended guest is never abandoned, as its stack would leak: `end` wakes every wait, which then traps.
 */
export class Guest {
  /** Bytes that the host holds for the guest. */
  readonly budget: GuestBudget;
  /** Files and connections that it has open. */
  readonly descriptors: Descriptors;
  /** Where its operations are noted; undefined if they are not. */
  readonly operations: Operations | undefined;
  readonly #ending = new Signal();
  readonly #releases = new Table<symbol, () => void>();
  readonly #share: ThreadShare | undefined;
  /** Why its request fails, whatever it returns. */
  failure: WasmcpError | undefined;
  /**
   * Its instance has used neither the store nor files nor the network since it was made or restored: nothing that anybody has
   * written can be in what it returns.
   */
  isIndependent = true;
  #ended: string | undefined;
  #fence: string | undefined;
  /** Variables of its request, in addition to or instead of those of the options. */
  env: Readonly<Record<string, string>> | undefined;
  /** What its requests carry of the trace that its own request is in. */
  trace: TraceHeaders | undefined;

  /** Without `share` the guest has its thread to itself. */
  constructor(
    share?: ThreadShare,
    budget: GuestBudget = createBudget(),
    descriptors: Descriptors = createDescriptors(),
    operations?: Operations,
  ) {
    this.#share = share;
    this.budget = budget;
    this.descriptors = descriptors;
    this.operations = operations;
  }

  /** Why the guest may no longer run; undefined until `end` is called. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Traps if the guest was ended. Every host function with an effect calls it first. */
  check(): void {
    if (this.#ended !== undefined) throw new WebAssembly.RuntimeError(this.#ended);
  }

  /** The same, for functions by which it may learn what others have written, or write it. */
  checkDependent(): void {
    this.check();
    this.#share?.sampleTime?.();
    this.isIndependent = false;
  }

  /** Under which it writes; undefined if it needs no lease. */
  get fence(): Fence | undefined {
    return this.#fence === undefined ? undefined : parseFence(this.#fence);
  }

  /** Begins another request on an instance that has served one. Only after `end` and `release`. `fence` as `fenceText` makes it. */
  begin(fence?: string, trace?: TraceHeaders, env?: Readonly<Record<string, string>>): void {
    this.#fence = fence;
    this.env = env;
    this.trace = trace;
    this.failure = undefined;
    this.#ended = undefined;
    this.#share?.begin();
  }

  /** Its instance was restored or discarded, between two requests: the host holds nothing for it any longer. */
  forget(): void {
    this.budget.reset();
    this.isIndependent = true;
  }

  /** Ends the guest: its pending waits settle, and every later host call traps. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#ending.wake();
  }

  /** Ends the guest, and its request with this failure. */
  fail(failure: WasmcpError): void {
    this.failure ??= failure;
    this.end(failure.message);
  }

  /**
   * Returns the result of `work`, or a promise of it if other guests must run first. For host functions that may return a
   * promise: without it, a guest that never has to wait would keep the thread forever.
   */
  yieldIfDue<T>(work: () => T | Promise<T>): T | Promise<T> {
    const turn = this.turnIfDue();
    return turn === undefined ? work() : turn.then(work);
  }

  /** A promise of the guest's next turn if other guests must run first, for a host function in the middle of its work. */
  turnIfDue(): Promise<void> | undefined {
    const share = this.#share;
    return share?.isDue() ? share.next().then(() => this.check()) : undefined;
  }

  /**
   * Resolves when one of the signals wakes, or after `delay` milliseconds; rejects with a trap when the guest is ended. A signal may
   * be given more than once.
   */
  suspend(signals: readonly Signal[], delay?: number): Promise<void> {
    this.#share?.suspended?.();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const wake = (): void => {
        clearTimeout(timer);
        this.#ending.unlisten(wake);
        for (const signal of signals) signal.unlisten(wake);
        this.#share?.resumes?.();
        if (this.#ended === undefined) resolve();
        else reject(new WebAssembly.RuntimeError(this.#ended));
      };
      if (this.#ended !== undefined) {
        wake();
        return;
      }
      this.#ending.listen(wake);
      for (const signal of signals) signal.listen(wake);
      if (delay !== undefined) timer = setTimeout(wake, delay);
    });
  }

  /** Settles as `promise` does; rejects with a trap if the guest is ended first. */
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

  /** Registers a cleanup for the end of the request, such as a timer to clear. Returns a function that unregisters it. */
  onRelease(release: () => void): () => void {
    const key = Symbol();
    this.#releases.add(key, release);
    return () => this.#releases.delete(key);
  }

  /** Ends the request: runs all registered cleanups. Calling it again has no effect. */
  release(): void {
    if (this.#releases.size === 0) return;
    for (const release of this.#releases.clear()) release();
  }
}
