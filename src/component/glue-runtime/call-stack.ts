import type { GlueBudget } from '../glue-budget.ts';
import { CallFrames } from './call-frames.ts';
import type { HandleTable } from './handle-table.ts';
import { LiftCharge } from './lift-charge.ts';
import { ThreadSide } from './thread-side.ts';

/** Calls in progress in one instance: which component runs, what it was lent, what it may do. Everything else traps. */
export interface CallStack {
  /** Enters a component from outside. During another call it throws a `TypeError`, and the instance stays usable. */
  enterRoot(component: number): void;
  leaveRoot(): void;
  /** One component calls another; called by the adapter between them. */
  enterGuest(caller: number, isAsync: number, callee: number): void;
  leaveGuest(): void;
  /** Runs a resource's destructor in the component that defines it. */
  destroy(component: number, destructor: (rep: number) => unknown, rep: number): void;
  /** A component calls a host function. `flags` is 1 if the component may leave. */
  enterHost(component: number, flags: { readonly value: number }): void;
  /** The host function has returned, and its results are in place. Returns its argument. */
  leaveHost<T>(result?: T): T;
  /** This number of bytes is about to be lifted for the called host function; charged until `leaveHost`. */
  lift(bytes: number): void;
  /** Wraps an operation on handles: it crosses to the host like a host function, but is not counted as a call. */
  guarded(
    component: number,
    flags: { readonly value: number },
    operation: (value: number) => unknown,
  ): (value: number) => unknown;
  /** The running component was lent a handle; returns the depth of its call. */
  borrow(component: number | undefined): number;
  /** A borrow handle of the call at this depth was dropped. */
  giveBack(depth: number): void;
  /** An own handle was lent to the running component; it is returned when the call ends. */
  lend(table: HandleTable, index: number): void;
  trap(message: string): never;
  /**
   * Records an error that a host function throws. Adapters between components catch it and trap with a message of their own,
   * which is then replaced by this error.
   */
  thrown<T>(error: T): T;
  /** Marks the instance dead. */
  kill(): void;
  isDead(): boolean;
  isIdle(): boolean;
  /** Whether the running guest can be suspended: it runs neither a start function nor a destructor. */
  maySuspend(): boolean;
  /** The same, and no host function is being called or returning, because JavaScript lowers its results. */
  mayInterrupt(): boolean;
  hostCalls(): number;
  readonly entered: Uint8Array;
}

/** One in so many calls of host functions is reported when it returns. */
const SAMPLED = 8;

/**
 * The call stack of an instance with this number of components. `slot0` and `slot1` hold the context slots of the running
 * call.
 */
export function createCallStack(
  components: number,
  slot0: { value: number },
  slot1: { value: number },
  budget?: GlueBudget,
): CallStack {
  const side = new ThreadSide();
  const trap: (message: string) => never = side.trap;
  const frames = new CallFrames(components, slot0, slot1, trap);
  const charge = new LiftCharge(budget, trap);
  const returned = budget?.returned;
  let hostCalls = 0;
  let destructors = 0;

  function leaveGuestSide(component: number, flags: { readonly value: number }): void {
    side.toHost();
    if (flags.value !== 1) side.refuse();
    if (frames.top.component !== component && frames.depth !== 0)
      trap('a component called in the name of another');
  }

  /** A component destroys its own resources within its call; another component must not be running when it is entered. */
  function destroy(component: number, destructor: (rep: number) => unknown, rep: number): void {
    side.expectHost();
    const isForeign = frames.top.component !== component;
    if (isForeign) frames.push(component);
    const { depth } = frames;
    side.toGuest();
    destructors += 1;
    destructor(rep);
    destructors -= 1;
    side.toHost();
    if (frames.depth !== depth) side.refuse();
    if (isForeign) frames.pop();
  }

  return {
    enterRoot(component) {
      side.begin();
      if (frames.depth !== 0) throw new TypeError('the instance is busy with another call');
      frames.push(component);
    },
    leaveRoot() {
      if (!side.isGuest) side.refuse();
      if (frames.depth !== 1) trap('a call ended before the calls it had made');
      frames.pop();
    },
    enterGuest(caller, isAsync, callee) {
      side.toHost();
      if (isAsync !== 0 || frames.top.component !== caller) trap('a component called in the name of another');
      frames.push(callee);
      side.toGuest();
    },
    leaveGuest() {
      side.toHost();
      if (frames.depth < 2) trap('a call ended that never began');
      frames.pop();
      side.toGuest();
    },
    destroy,
    enterHost(component, flags) {
      leaveGuestSide(component, flags);
      hostCalls += 1;
    },
    leaveHost<T>(result?: T): T {
      side.toGuest();
      charge.release();
      // Reading the clock each time would cost as much as a short call.
      if (returned !== undefined && hostCalls % SAMPLED === 0) returned();
      return result as T;
    },
    lift: (bytes) => charge.lift(bytes),
    guarded: (component, flags, operation) => (value) => {
      leaveGuestSide(component, flags);
      const result = operation(value);
      side.toGuest();
      return result;
    },
    borrow: (component) => frames.borrow(component),
    giveBack: (depth) => frames.giveBack(depth),
    lend: (table, index) => frames.lend(table, index),
    trap,
    thrown(error) {
      if (error instanceof Error) side.note(error);
      return error;
    },
    kill: () => side.kill(),
    isDead: () => side.isDead || (frames.depth === 0 && !side.isGuest),
    isIdle: () => frames.depth === 0,
    maySuspend: () => frames.depth !== 0 && destructors === 0,
    mayInterrupt: () => side.isGuest && frames.depth !== 0 && destructors === 0,
    hostCalls: () => hostCalls,
    entered: frames.entered,
  };
}
