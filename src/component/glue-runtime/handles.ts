import type { GlueBudget } from '../glue-budget.ts';
import type { CallStack } from './call-stack.ts';
import type { HandleTable } from './handle-table.ts';

/** Operations on handles. A handle that is not valid for the operation traps. */
export interface Handles {
  /** The representation behind an own or borrow handle. */
  rep(table: HandleTable, handle: number): number;
  /** Adds an own handle. */
  own(table: HandleTable, rep: number): number;
  /** Removes a handle in order to drop it. An own handle that is lent cannot be dropped. */
  remove(table: HandleTable, handle: number): { readonly rep: number; readonly own: boolean };
  /** Removes an own handle in order to give the resource away. */
  giveAway(table: HandleTable, handle: number): number;
  /** Moves an own handle between the tables with these numbers. */
  transferOwn(handle: number, from: number, to: number): number;
  /** Lends a handle to the component that was just entered. */
  transferBorrow(handle: number, from: number, to: number): number;
  /** The tables that have changed since the last call. */
  touched(): readonly HandleTable[];
}

const FLAG: number = 1 << 30;

/** Enough for any guest; takes less than 20 MB. */
const MAX_HANDLES = 1_000_000;

/** The number of handles that are charged together, and the bytes that one takes in a growing table. */
const CHARGED = 128;
const ENTRY = 32;

const NONE: readonly HandleTable[] = [];

function emptyTable(number: number): HandleTable {
  const table: HandleTable = [FLAG, 0];
  table.number = number;
  return table;
}

export function createHandles(callStack: CallStack, tables: HandleTable[], budget?: GlueBudget): Handles {
  let touched: HandleTable[] = [];

  function touch(table: HandleTable): void {
    if (table.touched === true) return;
    table.touched = true;
    touched.push(table);
  }

  function position(table: HandleTable, handle: number): number {
    const isFree = handle <= 0 || handle >= table.length >> 1 || (table[handle << 1]! & FLAG) !== 0;
    return isFree ? callStack.trap(`unknown handle index ${handle}`) : handle << 1;
  }

  function charge(bytes: number): void {
    if (budget?.tryCharge(bytes) === false) callStack.trap(budget.refusal(bytes));
  }

  function add(table: HandleTable, first: number, second: number): number {
    touch(table);
    const free = table[0]! & ~FLAG;
    if (free === 0) {
      if (table.length >> 1 > MAX_HANDLES) callStack.trap('too many handles');
      if ((table.length >> 1) % CHARGED === 0) charge(CHARGED * ENTRY);
      table.push(first, second);
      return (table.length >> 1) - 1;
    }
    table[0] = table[free << 1]!;
    table[free << 1] = first;
    table[(free << 1) + 1] = second;
    return free;
  }

  function own(table: HandleTable, rep: number): number {
    // The bit that tells own from borrow handles.
    if ((rep & FLAG) !== 0) callStack.trap('a representation beyond 2^30');
    return add(table, 0, rep | FLAG);
  }

  function remove(table: HandleTable, handle: number): { rep: number; own: boolean } {
    const at = position(table, handle);
    const scope = table[at]!;
    const value = table[at + 1]!;
    const isOwn = (value & FLAG) !== 0;
    if (!isOwn) callStack.giveBack(scope);
    else if (scope !== 0) callStack.trap('cannot remove owned resource while borrowed');
    touch(table);
    table[at] = table[0]! | FLAG;
    table[0] = handle | FLAG;
    return { rep: value & ~FLAG, own: isOwn };
  }

  function giveAway(table: HandleTable, handle: number): number {
    if ((table[position(table, handle) + 1]! & FLAG) === 0)
      callStack.trap('a borrow handle cannot be given away');
    return remove(table, handle).rep;
  }

  /** jco declares no table for a component whose only use of a type is this transfer. */
  function tableOf(index: number): HandleTable {
    tables[index] ??= emptyTable(index);
    return tables[index];
  }

  return {
    rep: (table, handle) => table[position(table, handle) + 1]! & ~FLAG,
    own,
    remove,
    giveAway,
    transferOwn: (handle, from, to) => own(tableOf(to), giveAway(tableOf(from), handle)),
    transferBorrow(handle, from, to) {
      const source = tableOf(from);
      const at = position(source, handle);
      const value = source[at + 1]!;
      const target = tableOf(to);
      const scope = target.defines === true ? 0 : callStack.borrow(target._componentIdx);
      if ((value & FLAG) !== 0) {
        touch(source);
        callStack.lend(source, at);
      }
      const rep = value & ~FLAG;
      return target.defines === true ? rep : add(target, scope, rep);
    },
    touched() {
      if (touched.length === 0) return NONE;
      const changed = touched;
      for (const table of changed) table.touched = false;
      touched = [];
      return changed;
    },
  };
}
