import type { Guest } from '../guest.ts';
import type { Signal } from '../signal.ts';

/** Something that a guest can wait for. */
export interface Waitable {
  /** The guest that waits; undefined for a body that is not sent yet, which is always ready. */
  readonly guest: Guest | undefined;
  /** Wakes when `ready` may have changed. Only read when the guest is about to wait. */
  readonly changed: Signal;
  ready(): boolean;
}

/** A point in time. Without a signal of its own: a guest that waits for thousands of them needs one timer, for the first. */
export class Timer {
  readonly guest: Guest;
  /** In nanoseconds, as `process.hrtime.bigint` counts them. */
  readonly due: bigint;

  constructor(guest: Guest, due: bigint) {
    this.guest = guest;
    this.due = due;
  }

  ready(now: bigint = process.hrtime.bigint()): boolean {
    return this.due <= now;
  }
}

/** What a pollable stands for. */
export type PollSource = Waitable | Timer;

/** Maximum delay of a timer in milliseconds: Node fires longer ones immediately. */
const MAX_DELAY: number = 2 ** 31 - 1;

/** The resource `pollable` of `wasi:io/poll`. */
export class Pollable {
  readonly #awaited: PollSource;

  constructor(awaited: PollSource) {
    this.#awaited = awaited;
  }

  ready(): boolean {
    this.#awaited.guest?.check();
    return this.#awaited.ready();
  }

  block(): void | Promise<void> {
    if (!this.ready()) return wait([this.#awaited]).then(() => undefined);
    return this.#awaited.guest?.yieldIfDue(() => undefined);
  }

  /** The host's side of the resource. */
  static awaited(pollable: Pollable): PollSource {
    return pollable.#awaited;
  }

  [Symbol.dispose](): void {}
}

/** `wasi:io/poll#poll`: the indices of those that are ready, at least one. Traps on an empty list, as the WIT demands. */
export function poll(pollables: readonly Pollable[]): Uint32Array | Promise<Uint32Array> {
  if (pollables.length === 0) throw new WebAssembly.RuntimeError('poll of an empty list');
  const awaited = pollables.map(Pollable.awaited);
  const guest = guestOf(awaited);
  guest?.check();
  const ready = readyOf(awaited);
  if (ready.length === 0) return wait(awaited);
  return guest?.yieldIfDue(() => ready) ?? ready;
}

async function wait(awaited: readonly PollSource[]): Promise<Uint32Array> {
  const guest = guestOf(awaited);
  if (guest === undefined) throw new TypeError('a wait that nothing can end');
  for (;;) {
    await guest.suspend(signalsOf(awaited), delayOf(awaited));
    // A timer may fire early, one with the maximum delay by days.
    const ready = readyOf(awaited);
    if (ready.length > 0) return ready;
  }
}

/** The guest that waits; undefined if there are only bodies that are not sent yet. */
function guestOf(awaited: readonly PollSource[]): Guest | undefined {
  return awaited.find(({ guest }) => guest !== undefined)?.guest;
}

function readyOf(awaited: readonly PollSource[]): Uint32Array {
  const ready: number[] = [];
  let now: bigint | undefined;
  for (const [index, one] of awaited.entries()) {
    if (one instanceof Timer) {
      now ??= process.hrtime.bigint();
      if (one.ready(now)) ready.push(index);
    } else if (one.ready()) ready.push(index);
  }
  return Uint32Array.from(ready);
}

function signalsOf(awaited: readonly PollSource[]): Signal[] {
  const signals: Signal[] = [];
  for (const one of awaited) if (!(one instanceof Timer)) signals.push(one.changed);
  return signals;
}

/** Milliseconds until the first timer; undefined without timers. */
function delayOf(awaited: readonly PollSource[]): number | undefined {
  let first: bigint | undefined;
  for (const one of awaited) {
    if (one instanceof Timer && (first === undefined || one.due < first)) first = one.due;
  }
  if (first === undefined) return undefined;
  const delay = Math.ceil(Number(first - process.hrtime.bigint()) / 1e6);
  return Math.min(Math.max(delay, 0), MAX_DELAY);
}
