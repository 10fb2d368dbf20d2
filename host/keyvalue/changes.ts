import type { Awaitable } from './awaitable.ts';

/** One key that a commit has changed, as `wasi:keyvalue/watcher` reports it: `on-set`, `on-delete`. */
export type Change =
  | { readonly kind: 'set'; readonly bucket: string; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly bucket: string; readonly key: string };

/**
 * Reports what is written to a store, by whichever program. As long as somebody follows a store, each write adds what it changes to
 * a log in the store, in the same transaction or script; otherwise nobody writes a log.
 *
 * Requirements for a driver:
 * - Each follower gets every change that is committed after `follow` has settled, at least once, with the value that was
 *   committed. Those of one key come in the order of their commits.
 * - A batch reports each key once. Deletes are reported if there was something to delete.
 * - A follower that cannot reach the store continues where it was. If the log no longer has what it has not read, it is notified
 *   that changes were lost: the log keeps at most `MAX_CHANGES` and `MAX_BYTES` for a follower that does not read it. One that has not shown a sign of
 *   life for `LIFE` milliseconds may be forgotten.
 */
export interface Changes<Unreported> {
  /** The same store; what is written through it is not reported. Closed with the store. */
  readonly unreported: Unreported;
  /** Settles when every later commit will be reported. Does not keep the process alive. */
  follow(follower: Follower): Promise<Following>;
}

export interface Follower {
  /** The next change is reported when this has settled. */
  changed(change: Change): Awaitable<void>;
  /** Some changes will not be reported, for a reason that is a clause: `12 changes were …`. */
  lost(reason: string): void;
}

export interface Following {
  /** Reports everything that is committed, without waiting for `changed`. The store may be unavailable: settles then, too. */
  flush(): Promise<void>;
  /** Reports nothing more. */
  close(): Promise<void>;
}

/** Milliseconds after which a follower without a sign of life is forgotten by those who write. */
export const LIFE = 60_000;

/** The log of changes that a follower has not read ends at so many, or at so many bytes of values. */
export const MAX_CHANGES = 10_000;
export const MAX_BYTES: number = 64 * 1024 * 1024;

/** The same, for one reading. */
export const READ_CHANGES = 256;
export const READ_BYTES: number = 4 * 1024 * 1024;
