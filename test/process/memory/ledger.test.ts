import { expect, test } from 'vitest';
import { createBudget } from '../../../host/index.ts';
import { createLedger, createShare, type Ledger } from '../../../src/process/memory/ledger.ts';

const MIB = 1024 * 1024;

function guestOf(ledger: Ledger) {
  return createBudget({ limit: 1024 * MIB, parent: createShare(ledger.open()) });
}

test('promises to guests count immediately, and the next measurement replaces them', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(60 * MIB);
  const guest = guestOf(ledger);
  expect(guest.tryCharge(30 * MIB)).toBe(true);
  expect(ledger.held).toBe(90 * MIB);
  ledger.measured(95 * MIB);
  expect([ledger.held, ledger.full]).toEqual([95 * MIB, false]);
  guest.release(30 * MIB);
  // Subtracted by the next measurement.
  expect(ledger.held).toBe(95 * MIB);
});

test('above the limit the largest guest is refused first, with both figures', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(40 * MIB);
  const [large, small] = [guestOf(ledger), guestOf(ledger)];
  expect(large.tryCharge(50 * MIB)).toBe(true);
  expect(small.tryCharge(9 * MIB)).toBe(true);
  expect(() => large.charge(5 * MIB)).toThrow(
    /the process holds 99 MiB, the limit is 100 MiB \(--memory-budget\)/,
  );
  expect(small.tryCharge(5 * MIB)).toBe(true);
  expect(ledger.full).toBe(true);
  // No guest exceeds the limit by more than an eighth.
  expect(small.tryCharge(20 * MIB)).toBe(false);
});

test('every guest gets a minimum, whatever is in use', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(200 * MIB);
  const guest = guestOf(ledger);
  expect([guest.tryCharge(MIB), guest.tryCharge(MIB), guest.tryCharge(MIB)]).toEqual([true, true, false]);
});

test('a guest that is reset releases everything', () => {
  const ledger = createLedger(100 * MIB);
  ledger.measured(10 * MIB);
  const guest = guestOf(ledger);
  guest.charge(80 * MIB);
  guest.reset();
  expect(ledger.held).toBe(10 * MIB);
  expect(guestOf(ledger).tryCharge(85 * MIB)).toBe(true);
});

test('a promise counts until the memory is touched, or the request is over', () => {
  const ledger = createLedger(1000 * MIB);
  ledger.measured(100 * MIB);
  const share = createShare(ledger.open());
  expect(share.tryCharge(500 * MIB)).toBe(true);
  // The system hands memory out as it is touched.
  ledger.measured(150 * MIB);
  expect(ledger.held).toBe(600 * MIB);
  expect(guestOf(ledger).tryCharge(450 * MIB)).toBe(false);
  ledger.measured(600 * MIB);
  expect(ledger.held).toBe(600 * MIB);
  share.close();
  expect(ledger.held).toBe(600 * MIB);
  ledger.measured(120 * MIB);
  expect(ledger.held).toBe(120 * MIB);
  expect(guestOf(ledger).tryCharge(450 * MIB)).toBe(true);
});

test('promises to the guests of a worker end with the worker', () => {
  const ledger = createLedger(1000 * MIB);
  ledger.measured(100 * MIB);
  const memory = ledger.open();
  expect(createShare(memory).tryCharge(500 * MIB)).toBe(true);
  ledger.measured(100 * MIB);
  ledger.close(memory);
  expect(ledger.held).toBe(100 * MIB);
});

test('memories of large guests leave a tenth to other guests and to host objects', () => {
  const ledger = createLedger(1000 * MIB);
  ledger.measured(100 * MIB);
  const [large, small] = [createShare(ledger.open()), createShare(ledger.open())];
  expect(large.tryGrow(790 * MIB)).toBe(true);
  expect(large.tryGrow(20 * MIB)).toBe(false);
  expect(large.tryCharge(MIB)).toBe(true);
  expect(small.tryGrow(60 * MIB)).toBe(true);
  expect(ledger.full).toBe(false);
});
