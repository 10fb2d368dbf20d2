import { expect, test } from 'vitest';
import { createBudget } from '../../../host/index.ts';
import { createLedger, createShare } from '../../../src/engine/memory/ledger.ts';

const MIB = 1024 * 1024;

function guestOf(memory: SharedArrayBuffer) {
  return createBudget({ limit: 1024 * MIB, parent: createShare(memory) });
}

test('what guests were promised counts at once, and what was measured replaces it', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(60 * MIB);
  const guest = guestOf(ledger.memory);
  expect(guest.tryCharge(30 * MIB)).toBe(true);
  expect(ledger.held).toBe(90 * MIB);
  ledger.measured(95 * MIB);
  expect([ledger.held, ledger.full]).toEqual([95 * MIB, false]);
  guest.release(30 * MIB);
  // Gone once the system says so.
  expect(ledger.held).toBe(95 * MIB);
});

test('above the limit the largest guest is refused first, with both figures', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(40 * MIB);
  const [large, small] = [guestOf(ledger.memory), guestOf(ledger.memory)];
  expect(large.tryCharge(50 * MIB)).toBe(true);
  expect(small.tryCharge(9 * MIB)).toBe(true);
  expect(() => large.charge(5 * MIB)).toThrow(
    /the process holds 99 MiB, the limit is 100 MiB \(--memory-budget\)/,
  );
  expect(small.tryCharge(5 * MIB)).toBe(true);
  expect(ledger.full).toBe(true);
  // Nobody goes beyond an eighth more.
  expect(small.tryCharge(20 * MIB)).toBe(false);
});

test('what every guest needs it gets, whatever is held', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(200 * MIB);
  const guest = guestOf(ledger.memory);
  expect([guest.tryCharge(MIB), guest.tryCharge(MIB), guest.tryCharge(MIB)]).toEqual([true, true, false]);
});

test('a guest that is reset gives all of it back', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(10 * MIB);
  const guest = guestOf(ledger.memory);
  guest.charge(80 * MIB);
  guest.reset();
  expect(ledger.held).toBe(10 * MIB);
  expect(guestOf(ledger.memory).tryCharge(85 * MIB)).toBe(true);
});
