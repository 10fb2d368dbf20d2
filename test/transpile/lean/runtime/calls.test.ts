import { beforeEach, describe, expect, test } from 'vitest';
import { type Calls, createCalls } from '../../../../src/transpile/lean/runtime/calls.ts';

const MAY_LEAVE = { value: 1 };
let calls: Calls;
let slots: [{ value: number }, { value: number }];

beforeEach(() => {
  slots = [{ value: 0 }, { value: 0 }];
  calls = createCalls(3, ...slots);
});

test('a call may call the host and other components, and ends in order', () => {
  calls.enterRoot(0);
  calls.enterHost(0, MAY_LEAVE);
  expect(calls.leaveHost('result')).toBe('result');
  calls.enterGuest(0, 0, 1);
  calls.enterGuest(1, 0, 2);
  calls.leaveGuest();
  calls.leaveGuest();
  expect(calls.isIdle()).toBe(false);
  calls.leaveRoot();
  expect([calls.isIdle(), calls.isDead(), calls.hostCalls()]).toEqual([true, false, 1]);
});

test('each call has context slots of its own', () => {
  calls.enterRoot(0);
  slots[0].value = 1;
  slots[1].value = 2;
  calls.enterGuest(0, 0, 1);
  expect([slots[0].value, slots[1].value]).toEqual([0, 0]);
  slots[0].value = 3;
  calls.leaveGuest();
  expect([slots[0].value, slots[1].value]).toEqual([1, 2]);
});

test('what is lent comes back when the call ends', () => {
  const table = [0, 0, 0, 0];
  calls.enterRoot(0);
  calls.enterGuest(0, 0, 1);
  calls.lend(table, 2);
  calls.lend(table, 2);
  expect(table).toEqual([0, 0, 2, 0]);
  calls.leaveGuest();
  expect(table).toEqual([0, 0, 0, 0]);
});

test('a guest may be suspended while it is called, but not in a destructor', () => {
  expect(calls.maySuspend()).toBe(false);
  calls.enterRoot(0);
  expect(calls.maySuspend()).toBe(true);
  calls.enterHost(0, MAY_LEAVE);
  calls.destroy(1, () => expect(calls.maySuspend()).toBe(false), 1);
  expect(calls.maySuspend()).toBe(true);
});

test('a second call from outside is refused, and harms nothing', () => {
  calls.enterRoot(0);
  expect(() => calls.enterRoot(1)).toThrow(TypeError);
  calls.leaveRoot();
  expect(calls.isDead()).toBe(false);
});

describe('traps, once and for all', () => {
  const rules: readonly (readonly [what: string, act: () => void])[] = [
    ['to enter a component that is under way', () => calls.enterGuest(0, 0, 0)],
    ['to enter a component that does not exist', () => calls.enterGuest(0, 0, 3)],
    ['to call in the name of another', () => calls.enterGuest(1, 0, 2)],
    ['to call the host in the name of another', () => calls.enterHost(1, MAY_LEAVE)],
    ['to call asynchronously', () => calls.enterGuest(0, 1, 1)],
    ['to leave when that is not allowed', () => calls.enterHost(0, { value: 0 })],
    ['to end a call that never began', () => calls.leaveGuest()],
    ['to come back from the host without having gone', () => calls.leaveHost()],
    ['to drop a borrow that it does not have', () => calls.giveBack(1)],
    ['to borrow in the name of another', () => calls.borrow(2)],
    [
      'to end with a borrow',
      () => {
        calls.borrow(0);
        calls.leaveRoot();
      },
    ],
    [
      'to end with a call under way',
      () => {
        calls.enterGuest(0, 0, 1);
        calls.leaveRoot();
      },
    ],
    [
      'to call the host from within the host',
      () => {
        calls.enterHost(0, MAY_LEAVE);
        calls.enterHost(0, MAY_LEAVE);
      },
    ],
    [
      'to call a component from within the host',
      () => {
        calls.enterHost(0, MAY_LEAVE);
        calls.enterGuest(0, 0, 1);
      },
    ],
    [
      'to go on after a destructor was left by a throw',
      () => {
        calls.enterHost(0, MAY_LEAVE);
        const fail = (): never => {
          throw new Error('thrown by the destructor');
        };
        expect(() => calls.destroy(1, fail, 1)).toThrow('thrown by the destructor');
        calls.leaveHost();
        calls.leaveRoot();
      },
    ],
  ];

  test.each(rules)('%s', (_, act) => {
    calls.enterRoot(0);
    expect(act).toThrow(WebAssembly.RuntimeError);
    expect(calls.isDead()).toBe(true);
    expect(() => calls.enterRoot(0)).toThrow('the instance trapped before');
  });
});

test('an operation on handles that throws leaves the instance dead', () => {
  const operation = calls.guarded(0, MAY_LEAVE, () => {
    throw new Error('a failure');
  });
  calls.enterRoot(0);
  expect(() => operation(1)).toThrow('a failure');
  expect(() => calls.leaveRoot()).toThrow(WebAssembly.RuntimeError);
  expect(calls.isDead()).toBe(true);
});
