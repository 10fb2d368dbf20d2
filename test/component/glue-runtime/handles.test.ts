import { beforeEach, expect, test } from 'vitest';
import { type CallStack, createCallStack } from '../../../src/component/glue-runtime/call-stack.ts';
import type { HandleTable } from '../../../src/component/glue-runtime/handle-table.ts';
import { createHandles, type Handles } from '../../../src/component/glue-runtime/handles.ts';

const EMPTY = [1 << 30, 0];
let callStack: CallStack;
let handles: Handles;
let tables: HandleTable[];

beforeEach(() => {
  callStack = createCallStack(3, { value: 0 }, { value: 0 });
  tables = [[...EMPTY], [...EMPTY]];
  tables[0]!._componentIdx = 0;
  tables[1]!._componentIdx = 1;
  handles = createHandles(callStack, tables);
});

test('handles are reused, the last one dropped first', () => {
  const [table] = tables as [HandleTable];
  const [a, b, c] = [handles.own(table, 10), handles.own(table, 20), handles.own(table, 30)];
  expect([a, b, c]).toEqual([1, 2, 3]);
  expect(handles.remove(table, a)).toEqual({ rep: 10, own: true });
  handles.remove(table, c);
  expect([handles.own(table, 40), handles.own(table, 50), handles.own(table, 60)]).toEqual([3, 1, 4]);
  expect([1, 2, 3, 4].map((handle) => handles.rep(table, handle))).toEqual([50, 20, 40, 60]);
});

test('a representation may be 0, and may not use the bit that distinguishes own from borrow', () => {
  const [table] = tables as [HandleTable];
  expect(handles.rep(table, handles.own(table, 0))).toBe(0);
  expect(() => handles.own(table, 1 << 30)).toThrow('a representation beyond 2^30');
});

test('a component has at most a million handles on resources of one type', () => {
  const [table] = tables as [HandleTable];
  for (let n = 1; n <= 1_000_000; n += 1) handles.own(table, n);
  expect(() => handles.own(table, 7)).toThrow('too many handles');
});

test('a lent own handle can be neither dropped nor given away', () => {
  const [table] = tables as [HandleTable];
  const handle = handles.own(table, 5);
  callStack.enterRoot(0);
  callStack.enterGuest(0, 0, 1);
  const borrowed = handles.transferBorrow(handle, 0, 1);
  expect(handles.rep(tables[1]!, borrowed)).toBe(5);
  expect(() => handles.remove(table, handle)).toThrow('cannot remove owned resource while borrowed');
  expect(() => handles.giveAway(table, handle)).toThrow('cannot remove owned resource while borrowed');
  expect(callStack.isDead()).toBe(true);
});

test('a handle that was lent can be dropped after the call', () => {
  const [table] = tables as [HandleTable];
  const handle = handles.own(table, 5);
  callStack.enterRoot(0);
  callStack.enterGuest(0, 0, 1);
  handles.remove(tables[1]!, handles.transferBorrow(handle, 0, 1));
  callStack.leaveGuest();
  expect(handles.remove(table, handle)).toEqual({ rep: 5, own: true });
});

test('the component that defines a resource gets its representation, and the handle is lent all the same', () => {
  tables[1]!.defines = true;
  const handle = handles.own(tables[0]!, 77);
  callStack.enterRoot(0);
  callStack.enterGuest(0, 0, 1);
  expect(handles.transferBorrow(handle, 0, 1)).toBe(77);
  expect(() => handles.remove(tables[0]!, handle)).toThrow('while borrowed');
});

test('a borrow handle of another call cannot be dropped', () => {
  callStack.enterRoot(0);
  const handle = handles.own(tables[0]!, 5);
  callStack.enterGuest(0, 0, 1);
  const borrowed = handles.transferBorrow(handle, 0, 1);
  callStack.enterGuest(1, 0, 2);
  expect(() => handles.remove(tables[1]!, borrowed)).toThrow('a borrow handle of another call');
});

test('own handles move between tables, one of which may be new', () => {
  const handle = handles.own(tables[0]!, 9);
  expect(handles.transferOwn(handle, 0, 7)).toBe(1);
  expect(handles.rep(tables[7]!, 1)).toBe(9);
  expect(() => handles.rep(tables[0]!, handle)).toThrow('unknown handle index');
});

test('each change of a table is recorded until it is read', () => {
  const [first, second] = tables as [HandleTable, HandleTable];
  expect(handles.touched()).toEqual([]);
  const handle = handles.own(first, 1);
  handles.own(first, 2);
  expect(handles.touched()).toEqual([first]);
  expect(handles.touched()).toEqual([]);
  callStack.enterRoot(0);
  callStack.enterGuest(0, 0, 1);
  const borrowed = handles.transferBorrow(handle, 0, 1);
  expect(new Set(handles.touched())).toEqual(new Set([first, second]));
  handles.rep(first, handle);
  expect(handles.touched()).toEqual([]);
  handles.remove(second, borrowed);
  expect(handles.touched()).toEqual([second]);
});
