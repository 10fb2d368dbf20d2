import { expect, test } from 'vitest';
import { type BudgetParent, createBudget } from '../../host/budget.ts';
import { Guest } from '../../host/index.ts';

const MIB = 1024 * 1024;

/** The bytes that a process has for its guests. */
function parentWith(bytes: number): BudgetParent & { left: number } {
  return {
    left: bytes,
    tryCharge(wanted) {
      if (wanted > this.left) return false;
      this.left -= wanted;
      return true;
    },
    release(returned) {
      this.left += returned;
    },
    refusal: () => 'the process is full',
  };
}

test('a charge beyond the limit is refused and changes nothing', () => {
  const budget = createBudget({ limit: 1000 });
  expect(budget.tryCharge(600)).toBe(true);
  expect(budget.tryCharge(401)).toBe(false);
  expect(budget.used).toBe(600);
  expect(budget.tryCharge(400)).toBe(true);
  budget.release(500);
  expect(budget.used).toBe(500);
});

test('charge traps with the number, the limit and the option in its message', () => {
  const budget = createBudget({ limit: 1000 });
  budget.charge(900);
  expect(() => budget.charge(200)).toThrow(WebAssembly.RuntimeError);
  expect(() => budget.charge(200)).toThrow(/1100 bytes.*limit is 1000 \(--max-host-memory\)/);
  expect(budget.used).toBe(900);
});

test('each guest has its own 256 MiB', () => {
  const [first, second] = [new Guest(), new Guest()];
  first.budget.charge(256 * MIB);
  expect(first.budget.tryCharge(1)).toBe(false);
  expect(second.budget.tryCharge(1)).toBe(true);
});

test('a release after a reset does not count for the next request', () => {
  const budget = createBudget({ limit: 1000 });
  budget.charge(900);
  budget.reset();
  budget.release(900);
  expect(budget.used).toBe(0);
  expect(budget.tryCharge(1001)).toBe(false);
});

test('takes bytes from the parent in large shares, and returns them', () => {
  const parent = parentWith(10 * MIB);
  const budget = createBudget({ limit: 100 * MIB, parent });
  budget.charge(10);
  expect(parent.left).toBe(9 * MIB);
  budget.charge(MIB - 10);
  expect(parent.left).toBe(9 * MIB);
  budget.charge(5 * MIB);
  expect(parent.left).toBe(4 * MIB);
  budget.release(5 * MIB);
  expect(parent.left).toBe(8 * MIB);
  budget.reset();
  expect(parent.left).toBe(10 * MIB);
});

test("a charge that exceeds the parent fails with the parent's reason", () => {
  const parent = parentWith(2 * MIB);
  const budget = createBudget({ limit: 100 * MIB, parent });
  budget.charge(2 * MIB);
  expect(budget.tryCharge(1)).toBe(false);
  expect(() => budget.charge(1)).toThrow('the process is full');
  parent.left = MIB;
  expect(budget.tryCharge(1)).toBe(true);
});
