import { WasmcpError } from '../error.ts';
import { HeldLease, type LeaseUse, type LeaseUser } from './held-lease.ts';
import type { Holder, LeaseEvent, Leases } from './leases.ts';
import { newHolderId } from './process-identity.ts';

/** Takes leases on behalf of one program, and keeps each until another program requests it. */
export interface LeaseHolder {
  /**
   * Calls `user.started` once the lease is held: at once if it was kept from the use before. A lease has one user at a time:
   * the caller calls `leave` of the returned use before the next one.
   */
  use(bucket: string, name: string, user: LeaseUser): LeaseUse;
  /** Releases all leases. Settles when other programs can take them. */
  close(): Promise<void>;
}

export interface LeaseHolderOptions {
  /** Milliseconds that the leases of a program that was killed stay taken; 5,000 by default. */
  readonly life?: number;
  /** Milliseconds that a lease is kept without being used; 30,000 by default. */
  readonly idle?: number;
}

/** Milliseconds that the leases of a program that was killed stay taken. */
const LIFE = 5000;

/** Milliseconds that an unused lease is kept. */
const IDLE = 30_000;

/** Signs of life in one life: all but one of them may be late or get lost. */
const SIGNS = 5;

/** Leases that are kept without being used. */
const MAX_IDLE = 10_000;

/** Maximum number of leases that are released in one call. */
const BATCH = 1000;

export function createLeaseHolder(leases: Leases, options: LeaseHolderOptions = {}): LeaseHolder {
  return new StoreLeaseHolder(leases, options);
}

class StoreLeaseHolder implements LeaseHolder {
  readonly #leases: Leases;
  readonly #holder: Holder;
  readonly #idle: number;
  readonly #entries = new Map<string, HeldLease>();
  /** By our clock; the engine started to count later, so by its clock the holder lives longer. */
  #aliveUntil = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(leases: Leases, { life = LIFE, idle = IDLE }: LeaseHolderOptions) {
    this.#leases = leases;
    this.#holder = { id: newHolderId(), life };
    this.#idle = idle;
  }

  use(bucket: string, name: string, user: LeaseUser): LeaseUse {
    const entry = this.#entryOf(bucket, name);
    entry.use(user, this.#isAlive());
    return entry;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const isUsed = this.#timer !== undefined;
    this.#stop();
    for (const entry of this.#entries.values())
      entry.fail(new WasmcpError('store-closed', 'the store is closed'));
    this.#entries.clear();
    if (!isUsed) return;
    try {
      await this.#leases.leave(this.#holder);
    } catch {
      // The engine ends its life.
    }
  }

  #isAlive(): boolean {
    return performance.now() < this.#aliveUntil;
  }

  #entryOf(bucket: string, name: string): HeldLease {
    const key = keyOf(bucket, name);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = new HeldLease(
      { bucket, name },
      {
        acquire: () => this.#acquire(bucket, name),
        release: () => this.#release(bucket, [name]),
        isAlive: () => this.#isAlive(),
        unused: () => {
          if (this.#entries.get(key) === entry) this.#entries.delete(key);
        },
      },
    );
    this.#entries.set(key, entry);
    this.#start();
    return entry;
  }

  #acquire(bucket: string, name: string): ReturnType<Leases['acquire']> {
    if (this.#closing !== undefined) throw new WasmcpError('store-closed', 'the store is closed');
    const began = performance.now();
    const wasAlive = this.#isAlive();
    const signed = (token: bigint | undefined): bigint | undefined => {
      if (!wasAlive) this.#signed(began);
      return token;
    };
    const result = this.#leases.acquire(this.#holder, bucket, name);
    return typeof result === 'object' ? result.then(signed) : signed(result);
  }

  /** A sign of life was sent at this time. */
  #signed(began: number): void {
    // After a gap, all leases may have been taken over in between.
    if (this.#aliveUntil < began) this.#expire();
    this.#aliveUntil = Math.max(this.#aliveUntil, began + this.#holder.life);
  }

  #start(): void {
    if (this.#timer !== undefined || this.#closing !== undefined) return;
    this.#timer = setInterval(() => void this.#ping(), this.#holder.life / SIGNS).unref();
    this.#stopListening = this.#leases.listen(this.#holder, (event) => this.#hear(event));
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  async #ping(): Promise<void> {
    if (!this.#isAlive()) this.#expire();
    this.#releaseIdle();
    if (this.#entries.size === 0) {
      this.#stop();
      return;
    }
    const began = performance.now();
    try {
      for (const wanted of await this.#leases.renew(this.#holder)) this.#hear({ kind: 'wanted', ...wanted });
      this.#signed(began);
    } catch {
      // Users of the store get its failure.
    }
  }

  #expire(): void {
    for (const entry of [...this.#entries.values()]) entry.expire();
  }

  #releaseIdle(): void {
    const before = performance.now() - (this.#entries.size > MAX_IDLE ? 0 : this.#idle);
    const idle = [...this.#entries.values()].filter((entry) => entry.isIdleSince(before)).slice(0, BATCH);
    for (const [bucket, entries] of Map.groupBy(idle, ({ lease }) => lease.bucket)) {
      const names = entries.map(({ lease }) => lease.name);
      const settled = this.#release(bucket, names);
      for (const entry of entries) entry.released(settled);
    }
  }

  async #release(bucket: string, names: readonly string[]): Promise<void> {
    await this.#leases.release(this.#holder, bucket, names);
  }

  #hear({ kind, bucket, name }: LeaseEvent): void {
    const entry = this.#entries.get(keyOf(bucket, name));
    if (kind === 'given') entry?.given();
    else if (entry !== undefined) entry.wanted();
    // The lease was given after its user had stopped waiting.
    else void this.#release(bucket, [name]).catch(() => {});
  }
}

function keyOf(bucket: string, name: string): string {
  return `${bucket}\0${name}`;
}
