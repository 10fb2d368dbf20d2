import { WasmcpError } from '../error.ts';
import type { Awaitable } from './awaitable.ts';

/**
 * Leases: rights that one holder at a time has, among all programs that use one store. The user decides what a lease protects; a
 * store knows only its name, which belongs to a bucket so that an engine can keep it where the bucket's data is. A lease is not a
 * key: `list`, `range` and `buckets` do not show it.
 *
 * A **holder** is one running program, with an id of its own. It is alive until the milliseconds that it last requested have passed
 * by the engine's clock, never by a host's. The leases of a dead holder are free.
 *
 * A **fence** is one possession of a lease: its token is larger than all tokens that the lease had before. A write that names a
 * fence is refused with `lease-lost`, and writes nothing, unless the lease has exactly this token; check and write are one atomic
 * step. (A write of a dead holder succeeds as long as no other holder has taken over.) So once another holder has the lease, or it
 * was released, no earlier write can arrive late. An engine that keeps buckets in different places may check the fence of a lease
 * in another bucket in a step before the write; its driver says so.
 *
 * Requirements for a driver:
 * - One round trip for each method, one script or statement for each. All are safe to repeat.
 * - `acquire` on a free lease takes it, with a new token. On one that the holder has, it returns the token that it has. On one
 *   that another live holder has, it returns undefined, and records that this holder waits for it, unless another live one
 *   waits already. It also is a sign of life of a holder that is dead or has lived half of its life, so that the first lease needs
 *   no `renew`.
 * - `release` gives each lease to the live holder that waits for it, with a new token, otherwise it is free. A lease that the
 *   holder only waits for is no longer waited for. Others are left alone.
 * - `listen` reports a lease of the holder that another one begins to wait for (`wanted`), and one that was given to it
 *   (`given`). Events may be lost, repeated or late, which costs time but is never wrong: `renew` returns all wanted ones, and
 *   who waits asks again.
 * - What dead holders have left is removed some time after their death.
 */
export interface Leases {
  /** Takes a lease, or waits for it. Returns its token, undefined as long as another holder has it. */
  acquire(holder: Holder, bucket: string, name: string): Awaitable<bigint | undefined>;
  /** Keeps the holder alive. Returns its leases that others wait for. */
  renew(holder: Holder): Awaitable<readonly LeaseName[]>;
  /** Releases leases, or stops waiting for them. */
  release(holder: Holder, bucket: string, names: readonly string[]): Awaitable<void>;
  /** Releases every lease of the holder and ends its life. */
  leave(holder: Holder): Awaitable<void>;
  /** Reports what happens to the holder's leases until the returned function is called. Does not keep the process alive. */
  listen(holder: Holder, listener: (event: LeaseEvent) => void): () => void;
}

export interface Holder {
  /** Unique among all programs, of at most 64 characters of ASCII. */
  readonly id: string;
  /** Milliseconds that it stays alive after a sign of life. */
  readonly life: number;
}

/** A lease: in a bucket, under a name of at most 255 bytes. */
export interface LeaseName {
  readonly bucket: string;
  readonly name: string;
}

/** One possession of a lease. */
export interface Fence extends LeaseName {
  readonly token: bigint;
}

export interface LeaseEvent extends LeaseName {
  readonly kind: 'wanted' | 'given';
}

/** The failure of a write under a fence that no longer holds. */
export function leaseLost({ name }: LeaseName): WasmcpError {
  return new WasmcpError(
    'lease-lost',
    `the lease on "${name}" was lost to another host: later writes of this request were not made`,
  );
}

/** A fence as a text, which costs less on its way to another thread. A bucket's name has no control characters. */
export function fenceText({ bucket, name, token }: Fence): string {
  return `${token}\0${bucket}\0${name}`;
}

export function parseFence(text: string): Fence {
  const first = text.indexOf('\0');
  const second = text.indexOf('\0', first + 1);
  const bucket = text.slice(first + 1, second);
  return { bucket, name: text.slice(second + 1), token: BigInt(text.slice(0, first)) };
}
