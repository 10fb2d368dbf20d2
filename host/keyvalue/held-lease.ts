import { WasmcpError } from '../error.ts';
import type { Awaitable } from './awaitable.ts';
import { fenceText, type LeaseName, leaseLost } from './leases.ts';

export interface LeaseUser {
  /** No other program has the lease. `fence` is a text, see `fenceText`; undefined if a full disk leaves no room to record that. */
  started(fence: string | undefined): void;
  /** The lease cannot be had, or was lost while it was in use. Called at most once, and never after `leave`. */
  failed(error: WasmcpError): void;
}

export interface LeaseUse {
  /** False once the lease may have been taken over, so that later reads may see the writes of two users. */
  readonly holds: boolean;
  /** The store has refused its fence. */
  lost(): void;
  /** The use has ended, or its user no longer waits for it. */
  leave(): void;
}

/** What a lease needs of its store. */
export interface HeldLeaseParts {
  acquire(): Awaitable<bigint | undefined>;
  release(): Promise<void>;
  /** Whether the holder is certainly alive. */
  isAlive(): boolean;
  /** It is neither held nor wanted any more. */
  unused(): void;
}

/** Milliseconds for which a lease that another program waits for still serves uses that wait here; handing it over costs more than a use. */
const SLICE = 20;

/** Milliseconds until it is requested again, because its holder may have died, or an event may have been lost. */
const RETRY = 250;

type Step = 'none' | 'asking' | 'waiting' | 'held' | 'releasing';

/** One lease, which moves between this program and others. A class, as each session has one. */
export class HeldLease implements LeaseUse {
  readonly lease: LeaseName;
  readonly #parts: HeldLeaseParts;
  #step: Step = 'none';
  #fence: string | undefined;
  #user: LeaseUser | undefined;
  /** When another program gets it at the latest, if one waits. */
  #due: number | undefined;
  #usedAt = performance.now();
  #retry: NodeJS.Timeout | undefined;

  constructor(lease: LeaseName, parts: HeldLeaseParts) {
    this.lease = lease;
    this.#parts = parts;
  }

  get holds(): boolean {
    return this.#step === 'held' && (this.#fence === undefined || this.#parts.isAlive());
  }

  use(user: LeaseUser, isAlive: boolean): void {
    this.#user = user;
    if (this.#step === 'held' && isAlive) user.started(this.#fence);
    else if (this.#step === 'held' || this.#step === 'none') this.#ask();
  }

  leave(): void {
    this.#user = undefined;
    this.#usedAt = performance.now();
    // A use without a fence has no lease.
    if (this.#step === 'held' && this.#fence === undefined) this.#step = 'none';
    if (this.#step === 'waiting') this.#giveUp();
    else if (this.#step === 'none') this.#parts.unused();
    else if (this.#due !== undefined && this.#step === 'held') this.#releaseSoon();
  }

  lost(): void {
    if (this.#step !== 'held') return;
    this.#step = 'none';
    this.#fence = undefined;
    this.#user = undefined;
  }

  /** As far as is known here, the holder's life has ended. */
  expire(): void {
    if (this.#step !== 'held' || this.#fence === undefined) return;
    this.#step = 'none';
    this.#fence = undefined;
    this.fail(leaseLost(this.lease));
    this.#parts.unused();
  }

  /** It is being released together with others. */
  released(settled: Promise<void>): void {
    this.#step = 'releasing';
    this.#fence = undefined;
    this.#due = undefined;
    const done = (): void => {
      this.#step = 'none';
      if (this.#user !== undefined) this.#ask();
      else this.#parts.unused();
    };
    settled.then(done, done);
  }

  fail(error: WasmcpError): void {
    clearTimeout(this.#retry);
    const user = this.#user;
    this.#user = undefined;
    user?.failed(error);
  }

  isIdleSince(time: number): boolean {
    return this.#step === 'held' && this.#user === undefined && this.#usedAt <= time;
  }

  /** Another program waits for it. */
  wanted(): void {
    if (this.#step === 'none') this.#release();
    else if (this.#step !== 'held' && this.#step !== 'asking') return;
    else {
      this.#due ??= performance.now() + SLICE;
      if (this.#step === 'held' && this.#user === undefined) this.#releaseSoon();
    }
  }

  /** The lease for which this program waited was given to it. */
  given(): void {
    if (this.#step === 'waiting') this.#ask();
  }

  #ask(): void {
    clearTimeout(this.#retry);
    this.#step = 'asking';
    this.#due = undefined;
    try {
      const result = this.#parts.acquire();
      if (typeof result === 'object') {
        result.then(
          (token) => this.#answered(token),
          (error) => this.#refused(error),
        );
      } else this.#answered(result);
    } catch (error) {
      this.#refused(error);
    }
  }

  #answered(token: bigint | undefined): void {
    if (token === undefined) {
      this.#step = 'waiting';
      if (this.#user === undefined) this.#giveUp();
      else this.#retry = setTimeout(() => this.#ask(), RETRY).unref();
      return;
    }
    this.#step = 'held';
    this.#fence = fenceText({ ...this.lease, token });
    if (this.#user !== undefined) this.#user.started(this.#fence);
    else if (this.#due !== undefined) this.#release();
  }

  #refused(error: unknown): void {
    this.#step = 'none';
    if (!(error instanceof WasmcpError)) throw error;
    const user = this.#user;
    if (user === undefined) this.#parts.unused();
    else if (error.code === 'store-full') {
      this.#step = 'held';
      this.#fence = undefined;
      user.started(undefined);
    } else {
      this.#user = undefined;
      this.#parts.unused();
      user.failed(error);
    }
  }

  /** Hands it over unless it is in use: at once if its time is up, otherwise after uses that wait here had a chance to start. */
  #releaseSoon(): void {
    if (performance.now() >= this.#due!) this.#release();
    else
      setImmediate(() => {
        if (this.#step === 'held' && this.#user === undefined && this.#due !== undefined) this.#release();
      });
  }

  #giveUp(): void {
    clearTimeout(this.#retry);
    this.#release();
  }

  #release(): void {
    this.released(this.#parts.release());
  }
}
