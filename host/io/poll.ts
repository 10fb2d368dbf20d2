import type { Guest } from '../guest.ts';
import type { Signal } from '../signal.ts';

/** Something that a guest can wait for. */
export interface Waitable {
  /** The guest that waits; undefined for a body that is not sent yet, which is always ready. */
  readonly guest: Guest | undefined;
  /** Wakes when `ready` may have changed. Only read when the guest is about to wait. */
  readonly changed: Signal;
  ready(): boolean;
  /** Called when the guest drops its pollable. */
  release?(): void;
}

/** The resource `pollable` of `wasi:io/poll`. */
export class Pollable {
  readonly #waitable: Waitable;

  constructor(waitable: Waitable) {
    this.#waitable = waitable;
  }

  ready(): boolean {
    this.#waitable.guest?.check();
    return this.#waitable.ready();
  }

  block(): void | Promise<void> {
    if (!this.ready()) return wait([this.#waitable]).then(() => undefined);
    return this.#waitable.guest?.yieldIfDue(() => undefined);
  }

  /** The host's side of the resource. */
  static waitable(pollable: Pollable): Waitable {
    return pollable.#waitable;
  }

  [Symbol.dispose](): void {
    this.#waitable.release?.();
  }
}

/** `wasi:io/poll#poll`: the indices of those that are ready, at least one. Traps on an empty list, as the WIT demands. */
export function poll(pollables: readonly Pollable[]): Uint32Array | Promise<Uint32Array> {
  if (pollables.length === 0) throw new WebAssembly.RuntimeError('poll of an empty list');
  const waitables = pollables.map(Pollable.waitable);
  for (const waitable of waitables) waitable.guest?.check();
  const ready = readyOf(waitables);
  if (ready.length === 0) return wait(waitables);
  return guestOf(waitables)?.yieldIfDue(() => ready) ?? ready;
}

async function wait(waitables: readonly Waitable[]): Promise<Uint32Array> {
  const guest = guestOf(waitables);
  if (guest === undefined) throw new TypeError('a wait that nothing can end');
  for (;;) {
    await guest.suspend(waitables.map((waitable) => waitable.changed));
    const ready = readyOf(waitables);
    if (ready.length > 0) return ready;
  }
}

/** The guest that waits; undefined if there are only bodies that are not sent yet. */
function guestOf(waitables: readonly Waitable[]): Guest | undefined {
  return waitables.find((waitable) => waitable.guest !== undefined)?.guest;
}

function readyOf(waitables: readonly Waitable[]): Uint32Array {
  const ready: number[] = [];
  waitables.forEach((waitable, index) => {
    if (waitable.ready()) ready.push(index);
  });
  return Uint32Array.from(ready);
}
