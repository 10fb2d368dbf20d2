import type { HandleTable } from './handle-table.ts';

/** One call in progress. */
interface Frame {
  component: number;
  borrows: number;
  lends: number;
  slot0: number;
  slot1: number;
  readonly lenders: HandleTable[];
  readonly lent: number[];
}

function createFrame(): Frame {
  return { component: -1, borrows: 0, lends: 0, slot0: 0, slot1: 0, lenders: [], lent: [] };
}

/** The calls in progress in one instance, with the context slots and the borrowed handles of each. */
export class CallFrames {
  /** 1 for each component that was entered since the caller last zeroed it. */
  readonly entered: Uint8Array;
  /** The frame at depth 0 is for start functions. */
  top: Frame = createFrame();
  depth = 0;
  readonly #busy: Uint8Array;
  /** One for each depth, reused. */
  readonly #frames: Frame[] = [this.top];
  readonly #slot0: { value: number };
  readonly #slot1: { value: number };
  readonly #trap: (message: string) => never;

  constructor(
    components: number,
    slot0: { value: number },
    slot1: { value: number },
    trap: (message: string) => never,
  ) {
    this.entered = new Uint8Array(components);
    this.#busy = new Uint8Array(components);
    this.#slot0 = slot0;
    this.#slot1 = slot1;
    this.#trap = trap;
  }

  push(component: number): void {
    // An index outside of the array gives undefined, which traps too.
    if (this.#busy[component] !== 0) this.#trap('wasm trap: cannot enter component instance');
    this.#busy[component] = 1;
    this.entered[component] = 1;
    this.top.slot0 = this.#slot0.value;
    this.top.slot1 = this.#slot1.value;
    this.#slot0.value = 0;
    this.#slot1.value = 0;
    this.depth += 1;
    if (this.depth === this.#frames.length) this.#frames.push(createFrame());
    this.top = this.#frames[this.depth]!;
    this.top.component = component;
  }

  pop(): void {
    const { top } = this;
    if (top.borrows !== 0) this.#trap('borrow handles still remain at the end of the call');
    for (let index = 0; index < top.lends; index++) top.lenders[index]![top.lent[index]!]!--;
    top.lends = 0;
    this.#busy[top.component] = 0;
    this.depth -= 1;
    this.top = this.#frames[this.depth]!;
    this.#slot0.value = this.top.slot0;
    this.#slot1.value = this.top.slot1;
  }

  borrow(component: number | undefined): number {
    const { top } = this;
    if (component !== undefined && component !== top.component)
      this.#trap('a borrow for a component that is not called');
    top.borrows += 1;
    return this.depth;
  }

  giveBack(depth: number): void {
    const { top } = this;
    if (depth !== this.depth || top.borrows === 0) this.#trap('a borrow handle of another call');
    top.borrows -= 1;
  }

  lend(table: HandleTable, index: number): void {
    const { top } = this;
    table[index]! += 1;
    top.lenders[top.lends] = table;
    top.lent[top.lends] = index;
    top.lends += 1;
  }
}
