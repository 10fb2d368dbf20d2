import type { ModuleOutline } from './outline.ts';
import { EVENT } from './tape.ts';
import { createWeigher, type WeighedFunction } from './weigh.ts';

/** What to add to one function. */
export interface FunctionPlan {
  /** Units to spend at each call; 0 if its callers count it. */
  readonly entry: number;
  readonly loops: WeighedFunction['loops'];
  /** It has bulk operations, which count their length. */
  readonly bulk: boolean;
  /** It has bulk operations on tables. The guest asks before each, as their length is not counted. */
  readonly tabular: boolean;
  /** It may call imported functions; the host may make the guest ask after one that took long. */
  readonly imports: boolean;
}

/** Maximum size in instructions of a function that does not count itself. */
const BOUND = 8000;

/** Size in instructions up to which a function need not count itself, wherever it is called, if it calls nothing unknown. */
const TINY = 64;

const FRESH = 0;
const ENTERED = 1;
const DONE = 2;

/**
 * Decides where the functions of a module spend units: at the head of each loop, and at the start of functions that their callers
 * cannot count. These are functions whose callers are unknown, recursive functions, and long ones.
 */
export function planChecks(outline: ModuleOutline): readonly FunctionPlan[] {
  const count = outline.starts.length;
  const checked = new Uint8Array(count);
  for (const root of outline.roots) checked[root] = 1;
  const weigher = createWeigher(outline, checked);
  const state = new Uint8Array(count);
  const recursive = new Uint8Array(count);

  /** Depth-first along the calls, so that callees are weighed before their callers. */
  function visit(root: number): void {
    const path = [callsOf(outline, root)];
    state[root] = ENTERED;
    while (path.length > 0) {
      const top = path.at(-1)!;
      const callee = top.calls[top.next];
      if (callee === undefined) {
        path.pop();
        state[top.index] = DONE;
        const { size, callsOther } = weigher.weigh(top.index);
        if (size > BOUND) checked[top.index] = 1;
        else if (size <= TINY && !callsOther && !recursive[top.index]) checked[top.index] = 0;
        continue;
      }
      top.next += 1;
      if (state[callee] === ENTERED) checked[callee] = recursive[callee] = 1;
      else if (state[callee] === FRESH) {
        state[callee] = ENTERED;
        path.push(callsOf(outline, callee));
      }
    }
  }

  for (let index = 0; index < count; index += 1) if (state[index] === FRESH) visit(index);
  const plan = weigher.weighed.map(({ path, loops }, index) => ({
    entry: checked[index] === 1 ? path : 0,
    loops,
    bulk: outline.bulk[index] === 1,
    tabular: outline.tabular[index] === 1,
    imports: false,
  }));
  // A module that only forwards calls need not ask.
  if (!plan.some(counts)) return plan;
  const { importing, imported } = outline;
  const mayImport = (index: number): boolean =>
    importing[index] === 1 || (importing[index] === 2 && imported.mayBeReferred);
  return plan.map((one, index) => ({ ...one, imports: mayImport(index) }));
}

function counts({ entry, loops, bulk, tabular }: FunctionPlan): boolean {
  return entry > 0 || bulk || tabular || loops.some(({ units }) => units > 0);
}

/** Whether code must be added to a function. */
export function needsChecks(plan: FunctionPlan): boolean {
  return plan.imports || counts(plan);
}

interface Calls {
  readonly index: number;
  readonly calls: readonly number[];
  next: number;
}

function callsOf({ starts, tape }: ModuleOutline, index: number): Calls {
  const calls: number[] = [];
  const end = starts[index + 1] ?? tape.length;
  for (let at = starts[index]!; at < end; at += 1) {
    const event = tape.events[at]!;
    if ((event & 0xf) === EVENT.call) calls.push(event >> 4);
  }
  return { index, calls, next: 0 };
}
