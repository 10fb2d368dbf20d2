import { beforeEach, describe, expect, test } from 'vitest';
import { type CallStack, createCallStack } from '../../../src/component/glue-runtime/call-stack.ts';

const MAY_LEAVE = { value: 1 };
let callStack: CallStack;
let slots: [{ value: number }, { value: number }];

beforeEach(() => {
  slots = [{ value: 0 }, { value: 0 }];
  callStack = createCallStack(3, ...slots);
});

test('a call may call the host and other components, and ends in order', () => {
  callStack.enterRoot(0);
  callStack.enterHost(0, MAY_LEAVE);
  expect(callStack.leaveHost('result')).toBe('result');
  callStack.enterGuest(0, 0, 1);
  callStack.enterGuest(1, 0, 2);
  callStack.leaveGuest();
  callStack.leaveGuest();
  expect(callStack.isIdle()).toBe(false);
  callStack.leaveRoot();
  expect([callStack.isIdle(), callStack.isDead(), callStack.hostCalls()]).toEqual([true, false, 1]);
});

test('each call has context slots of its own', () => {
  callStack.enterRoot(0);
  slots[0].value = 1;
  slots[1].value = 2;
  callStack.enterGuest(0, 0, 1);
  expect([slots[0].value, slots[1].value]).toEqual([0, 0]);
  slots[0].value = 3;
  callStack.leaveGuest();
  expect([slots[0].value, slots[1].value]).toEqual([1, 2]);
});

test('lent handles are returned when the call ends', () => {
  const table = [0, 0, 0, 0];
  callStack.enterRoot(0);
  callStack.enterGuest(0, 0, 1);
  callStack.lend(table, 2);
  callStack.lend(table, 2);
  expect(table).toEqual([0, 0, 2, 0]);
  callStack.leaveGuest();
  expect(table).toEqual([0, 0, 0, 0]);
});

test('a guest may be suspended while it is called, but not in a destructor', () => {
  expect(callStack.maySuspend()).toBe(false);
  callStack.enterRoot(0);
  expect(callStack.maySuspend()).toBe(true);
  callStack.enterHost(0, MAY_LEAVE);
  callStack.destroy(1, () => expect(callStack.maySuspend()).toBe(false), 1);
  expect(callStack.maySuspend()).toBe(true);
});

test('a second call from outside is refused, and the first one continues', () => {
  callStack.enterRoot(0);
  expect(() => callStack.enterRoot(1)).toThrow(TypeError);
  callStack.leaveRoot();
  expect(callStack.isDead()).toBe(false);
});

describe('traps, once and for all', () => {
  const rules: readonly (readonly [what: string, act: () => void])[] = [
    ['to enter a component that is under way', () => callStack.enterGuest(0, 0, 0)],
    ['to enter a component that does not exist', () => callStack.enterGuest(0, 0, 3)],
    ['to call in the name of another', () => callStack.enterGuest(1, 0, 2)],
    ['to call the host in the name of another', () => callStack.enterHost(1, MAY_LEAVE)],
    ['to call asynchronously', () => callStack.enterGuest(0, 1, 1)],
    ['to leave when that is not allowed', () => callStack.enterHost(0, { value: 0 })],
    ['to end a call that never began', () => callStack.leaveGuest()],
    ['to come back from the host without having gone', () => callStack.leaveHost()],
    ['to drop a borrow that it does not have', () => callStack.giveBack(1)],
    ['to borrow in the name of another', () => callStack.borrow(2)],
    [
      'to end with a borrow',
      () => {
        callStack.borrow(0);
        callStack.leaveRoot();
      },
    ],
    [
      'to end with a call under way',
      () => {
        callStack.enterGuest(0, 0, 1);
        callStack.leaveRoot();
      },
    ],
    [
      'to call the host from within the host',
      () => {
        callStack.enterHost(0, MAY_LEAVE);
        callStack.enterHost(0, MAY_LEAVE);
      },
    ],
    [
      'to call a component from within the host',
      () => {
        callStack.enterHost(0, MAY_LEAVE);
        callStack.enterGuest(0, 0, 1);
      },
    ],
    [
      'to go on after a destructor was left by a throw',
      () => {
        callStack.enterHost(0, MAY_LEAVE);
        const fail = (): never => {
          throw new Error('thrown by the destructor');
        };
        expect(() => callStack.destroy(1, fail, 1)).toThrow('thrown by the destructor');
        callStack.leaveHost();
        callStack.leaveRoot();
      },
    ],
  ];

  test.each(rules)('%s', (_, act) => {
    callStack.enterRoot(0);
    expect(act).toThrow(WebAssembly.RuntimeError);
    expect(callStack.isDead()).toBe(true);
    expect(() => callStack.enterRoot(0)).toThrow('the instance trapped before');
  });
});

test('an operation on handles that throws leaves the instance dead', () => {
  const operation = callStack.guarded(0, MAY_LEAVE, () => {
    throw new Error('a failure');
  });
  callStack.enterRoot(0);
  expect(() => operation(1)).toThrow('a failure');
  expect(() => callStack.leaveRoot()).toThrow(WebAssembly.RuntimeError);
  expect(callStack.isDead()).toBe(true);
});

test('one in eight calls of host functions is reported when it has returned', () => {
  let returned = 0;
  const budget = {
    tryCharge: () => true,
    release() {},
    refusal: () => '',
    returned() {
      returned += 1;
    },
  };
  const reporting = createCallStack(1, { value: 0 }, { value: 0 }, budget);
  reporting.enterRoot(0);
  for (let call = 0; call < 16; call += 1) {
    reporting.enterHost(0, { value: 1 });
    expect(returned).toBe(Math.floor(call / 8));
    reporting.leaveHost();
  }
  expect(returned).toBe(2);
});
