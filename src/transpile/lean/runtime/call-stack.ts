import type { GlueBudget } from '../../../component/glue-budget.ts';
import type { HandleTable } from './handle-table.ts';

/** CallStack under way in one instance: who runs, what it was lent, what it may do. Whatever is not allowed traps. */
export interface CallStack {
  /** Enters a component from outside. Refused with a `TypeError`, which harms nothing, while another call is under way. */
  enterRoot(component: number): void;
  leaveRoot(): void;
  /** One component calls another; called by the adapter between them. */
  enterGuest(caller: number, isAsync: number, callee: number): void;
  leaveGuest(): void;
  /** Runs a resource's destructor in the component that defines it. */
  destroy(component: number, destructor: (rep: number) => unknown, rep: number): void;
  /** A component calls a host function. `flags` says whether it may leave. */
  enterHost(component: number, flags: { readonly value: number }): void;
  /** The host function is done, its results are in place. Answers its argument. */
  leaveHost<T>(result?: T): T;
  /** So many bytes are about to be lifted for the host function that is called; held until it is left. */
  lift(bytes: number): void;
  /** Wraps an operation on handles: between host and guest as a host function is, but told no secrets. */
  guarded(
    component: number,
    flags: { readonly value: number },
    operation: (value: number) => unknown,
  ): (value: number) => unknown;
  /** The component that runs now was lent a handle; answers the depth of its call. */
  borrow(component: number | undefined): number;
  /** A borrow handle of the call at this depth was dropped. */
  giveBack(depth: number): void;
  /** An own handle was lent to the component that runs now; it comes back when the call ends. */
  lend(table: HandleTable, index: number): void;
  trap(message: string): never;
  /**
   * What a host function throws. Adapters between components catch it and trap for a reason of their own, which is then this one.
   */
  thrown<T>(error: T): T;
  /** Marks the instance dead. */
  kill(): void;
  isDead(): boolean;
  isIdle(): boolean;
  /** A guest runs, and neither a start function nor a destructor, which cannot be suspended. */
  maySuspend(): boolean;
  hostCalls(): number;
  readonly entered: Uint8Array;
}

/**
 * CallStack of an instance with this many components. `slot0` and `slot1` hold the context slots of the call that runs.
 *
 * A guest can catch what JavaScript throws, traps of ours included. So the side on which the thread is gets noted at
 * each crossing: a throw that skips the way back leaves a note that does not fit, and the next crossing traps.
 */
export function createCallStack(
  components: number,
  slot0: { value: number },
  slot1: { value: number },
  budget?: GlueBudget,
): CallStack {
  interface Frame {
    component: number;
    borrows: number;
    lends: number;
    slot0: number;
    slot1: number;
    readonly lenders: HandleTable[];
    readonly lent: number[];
  }
  /** Bytes of one call that nobody is asked for: there is one call at a time. */
  const FREE_LIFT = 256 * 1024;
  /** Of adapters between components, about whatever was thrown below them. */
  const UNCAUGHT = 'wasm trap: uncaught exception propagated out of component';
  const GUEST = 0;
  const HOST = 1;
  const DEAD = 2;
  const entered = new Uint8Array(components);
  const busy = new Uint8Array(components);
  const createFrame = (): Frame => ({
    component: -1,
    borrows: 0,
    lends: 0,
    slot0: 0,
    slot1: 0,
    lenders: [],
    lent: [],
  });
  // One for each depth, used again and again. The one at depth 0 is for start functions.
  const frames: Frame[] = [createFrame()];
  let top = frames[0]!;
  let depth = 0;
  let side = GUEST;
  let hostCalls = 0;
  let destructors = 0;
  /** What ended the call that is under way. */
  let failure: Error | undefined;
  let lifted = 0;
  /** How much of it was charged. */
  let charged = 0;

  function trap(message: string): never {
    side = DEAD;
    if (message === UNCAUGHT && failure !== undefined) throw failure;
    failure ??= new WebAssembly.RuntimeError(message);
    throw new WebAssembly.RuntimeError(message);
  }

  function refuse(): never {
    trap(side === DEAD ? 'the instance trapped before' : 'wasm trap: cannot leave component instance');
  }

  function chargeLifted(): void {
    if (budget === undefined) return;
    const bytes = lifted - charged;
    if (!budget.tryCharge(bytes)) trap(budget.refusal(bytes));
    charged = lifted;
  }

  function releaseLifted(): void {
    lifted = 0;
    if (charged !== 0) budget?.release(charged);
    charged = 0;
  }

  function push(component: number): void {
    // Not 0 for an index outside of the array, too.
    if (busy[component] !== 0) trap('wasm trap: cannot enter component instance');
    busy[component] = 1;
    entered[component] = 1;
    top.slot0 = slot0.value;
    top.slot1 = slot1.value;
    slot0.value = 0;
    slot1.value = 0;
    depth += 1;
    if (depth === frames.length) frames.push(createFrame());
    top = frames[depth]!;
    top.component = component;
  }

  function pop(): void {
    if (top.borrows !== 0) trap('borrow handles still remain at the end of the call');
    for (let index = 0; index < top.lends; index++) top.lenders[index]![top.lent[index]!]!--;
    top.lends = 0;
    busy[top.component] = 0;
    depth -= 1;
    top = frames[depth]!;
    slot0.value = top.slot0;
    slot1.value = top.slot1;
  }

  function leaveSide(component: number, flags: { readonly value: number }): void {
    if (side !== GUEST || flags.value !== 1) refuse();
    if (top.component !== component && depth !== 0) trap('a component called in the name of another');
    side = HOST;
  }

  return {
    enterRoot(component) {
      failure = undefined;
      if (side === DEAD) refuse();
      if (depth !== 0) throw new TypeError('the instance is busy with another call');
      push(component);
    },
    leaveRoot() {
      if (side !== GUEST) refuse();
      if (depth !== 1) trap('a call ended before the calls it had made');
      pop();
    },
    enterGuest(caller, isAsync, callee) {
      if (side !== GUEST) refuse();
      if (isAsync !== 0 || top.component !== caller) trap('a component called in the name of another');
      side = HOST;
      push(callee);
      side = GUEST;
    },
    leaveGuest() {
      if (side !== GUEST) refuse();
      if (depth < 2) trap('a call ended that never began');
      side = HOST;
      pop();
      side = GUEST;
    },
    destroy(component, destructor, rep) {
      if (side !== HOST) refuse();
      // A component destroys its own resources within its call; to enter another, nothing may run in it.
      const isForeign = top.component !== component;
      if (isForeign) push(component);
      const level = depth;
      side = GUEST;
      destructors += 1;
      destructor(rep);
      destructors -= 1;
      if (side !== GUEST || depth !== level) refuse();
      side = HOST;
      if (isForeign) pop();
    },
    enterHost(component, flags) {
      leaveSide(component, flags);
      hostCalls += 1;
    },
    leaveHost<T>(result?: T): T {
      if (side !== HOST) refuse();
      side = GUEST;
      if (lifted !== 0) releaseLifted();
      return result as T;
    },
    lift(bytes) {
      lifted += bytes;
      if (lifted > FREE_LIFT) chargeLifted();
    },
    guarded: (component, flags, operation) => (value) => {
      leaveSide(component, flags);
      const result = operation(value);
      if (side !== HOST) refuse();
      side = GUEST;
      return result;
    },
    borrow(component) {
      if (component !== undefined && component !== top.component)
        trap('a borrow for a component that is not called');
      top.borrows += 1;
      return depth;
    },
    giveBack(scope) {
      if (scope !== depth || top.borrows === 0) trap('a borrow handle of another call');
      top.borrows -= 1;
    },
    lend(table, index) {
      table[index]! += 1;
      top.lenders[top.lends] = table;
      top.lent[top.lends] = index;
      top.lends += 1;
    },
    trap,
    thrown(error) {
      if (error instanceof Error) failure ??= error;
      return error;
    },
    kill() {
      side = DEAD;
    },
    isDead: () => side === DEAD || (depth === 0 && side !== GUEST),
    isIdle: () => depth === 0,
    maySuspend: () => depth !== 0 && destructors === 0,
    hostCalls: () => hostCalls,
    entered,
  };
}
