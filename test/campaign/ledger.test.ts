import { beforeEach, expect, test } from 'vitest';
import { createLedger, type KeyLedger } from './ledger.ts';

let ledger: KeyLedger;

beforeEach(() => {
  ledger = createLedger('k');
});

function write(acknowledged: boolean): string {
  const value = ledger.attempt(false, 10)!;
  if (acknowledged) ledger.acknowledged();
  return value;
}

test('an acknowledged write must be present', () => {
  const value = write(true);
  expect(ledger.settle(value)).toBe('kept');
  expect(ledger.settle(undefined)).toBe('lost');
});

test('a value older than the acknowledged one counts as lost, whatever was written later', () => {
  const old = write(true);
  write(true);
  write(false);
  expect(ledger.settle(old)).toBe('lost');
});

test('a write without a response may have happened or not', () => {
  const old = write(true);
  const open = write(false);
  expect(ledger.settle(open)).toBe('kept');
  expect(ledger.settle(old)).toBe('lost');
});

test('a deletion that was acknowledged stays', () => {
  const value = write(true);
  ledger.attempt(true, 0);
  ledger.acknowledged();
  expect(ledger.settle(value)).toBe('lost');
});

test('a value that was read must be present, acknowledged or not', () => {
  const old = write(true);
  expect(ledger.seen(write(false))).toBe(true);
  expect(ledger.settle(old)).toBe('lost');
});

test('a value that no client wrote is a phantom', () => {
  const value = write(true);
  expect(ledger.settle(value.replace('x', 'y'))).toBe('phantom');
  expect(ledger.settle('something')).toBe('phantom');
  expect(ledger.settle(value.replace('k', 'l'))).toBe('phantom');
});
