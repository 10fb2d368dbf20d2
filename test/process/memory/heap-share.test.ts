import { expect, test } from 'vitest';
import { createBudget } from '../../../host/index.ts';
import { createHeap, HeapShare } from '../../../src/process/memory/heap-share.ts';
import { createLedger, createShare } from '../../../src/process/memory/ledger.ts';

const MIB = 1024 * 1024;

/** A heap with this many MiB in use, so many of which a collection frees. */
function heapOf(state: { used: number; garbage: number }) {
  const ledger = createLedger(10_000 * MIB);
  ledger.measured(0);
  let collections = 0;
  const heap = createHeap({
    collect() {
      collections += 1;
      state.used -= state.garbage;
      state.garbage = 0;
    },
    full: 60 * MIB,
    end: 80 * MIB,
    used: () => state.used * MIB,
  });
  return {
    guest: () => createBudget({ parent: new HeapShare(heap, createShare(ledger.open())) }),
    collections: () => collections,
  };
}

test('if the heap of a thread is full, guests with many host objects get no more', () => {
  const state = { used: 50, garbage: 0 };
  const { guest } = heapOf(state);
  const [large, small] = [guest(), guest()];
  large.charge(20 * MIB);
  state.used = 61;
  expect(() => large.charge(MIB)).toThrow('the guests of its thread hold more than 60 MiB of objects');
  expect(large.used).toBe(20 * MIB);
  small.charge(4 * MIB);
  expect(small.tryCharge(MIB)).toBe(false);
  large.reset();
  large.charge(4 * MIB);
});

test('if it is nearly exhausted, guests get no more than ordinary requests need', () => {
  const state = { used: 80, garbage: 0 };
  const { guest } = heapOf(state);
  const [early, late] = [guest(), guest()];
  early.charge(2 * MIB);
  state.used = 81;
  late.charge(MIB);
  for (const one of [early, late])
    expect(() => one.charge(MIB)).toThrow('the guests of its thread hold more than 80 MiB of objects');
});

test('garbage is collected first, at most once a second', () => {
  const state = { used: 61, garbage: 30 };
  const { guest, collections } = heapOf(state);
  const one = guest();
  one.charge(20 * MIB);
  expect([state.used, collections()]).toEqual([31, 1]);
  [state.used, state.garbage] = [61, 30];
  expect(one.tryCharge(20 * MIB)).toBe(false);
  expect(collections()).toBe(1);
});

test('the process’s budget applies too, and its reason is reported', () => {
  const ledger = createLedger(30 * MIB);
  ledger.measured(20 * MIB);
  const heap = createHeap({ collect() {}, used: () => 0 });
  const guest = createBudget({ parent: new HeapShare(heap, createShare(ledger.open())) });
  expect(() => guest.charge(30 * MIB)).toThrow('--memory-budget');
  guest.charge(5 * MIB);
  guest.reset();
  expect(ledger.held).toBe(20 * MIB);
});
