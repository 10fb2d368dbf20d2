import { describe, expect, test } from 'vitest';
import { lending, RESOURCES, STRINGS, single, UTF16 } from './guests.ts';
import { loadGuest, type ThingGuest } from './things.ts';

/** The guest traps, this instance can never be used again, and the message is for people. */
function expectTrap(guest: ThingGuest, number: number, message: RegExp | string): void {
  expect(() => guest.run(number)).toThrow(message);
  expect(guest.state.dead).toBe(true);
  expect(guest.state.restore({ saved: 'glue state' })).toBe(false);
  expect(() => guest.run(0)).toThrow('the instance trapped before');
}

const call = (body: string): string => single(`(func (export "run") (param $n i32) (result i32) ${body})`);

describe("handles on the host's resources", () => {
  test.each([
    [
      'used after it was dropped',
      '(local.set $n (call $make)) (call $drop (local.get $n)) (call $look (local.get $n))',
    ],
    [
      'dropped twice',
      '(local.set $n (call $make)) (call $drop (local.get $n)) (call $drop (local.get $n)) (i32.const 0)',
    ],
    [
      'given away and used',
      '(local.set $n (call $make)) (call $take (local.get $n)) (call $look (local.get $n))',
    ],
    [
      'given away twice',
      '(local.set $n (call $make)) (call $take (local.get $n)) (call $take (local.get $n)) (i32.const 0)',
    ],
    ['that was never made', '(drop (call $make)) (call $look (i32.const 2))'],
    ['that is 0', '(drop (call $make)) (call $look (i32.const 0))'],
    ['that is negative', '(drop (call $make)) (call $look (i32.const -1))'],
    ['beyond what shifts away', '(drop (call $make)) (call $look (i32.const 0x80000001))'],
    ['dropped, and far away', '(drop (call $make)) (call $drop (i32.const 0x1fffffff)) (i32.const 0)'],
  ])('a handle %s traps', async (_, body) => {
    const create = await loadGuest(call(body));
    expectTrap(create(), 0, /unknown handle index/);
  });

  test('the number of handles of a guest is limited', async () => {
    const create = await loadGuest(call('(loop (drop (call $make)) (br 0)) (unreachable)'));
    expectTrap(create(), 0, 'the guest holds more than 65536 resources of one type');
  });

  test('a handle can be reused once it was dropped', async () => {
    const create = await loadGuest(
      call(
        '(call $drop (call $make)) (local.set $n (call $make)) (drop (call $look (local.get $n))) (local.get $n)',
      ),
    );
    const guest = create();
    expect(guest.run(0)).toBe(1);
    expect(guest.disposed).toEqual([1]);
  });
});

describe('borrows', () => {
  test('a handle that is lent and dropped by the borrower stays with its owner', async () => {
    const create = await loadGuest(
      lending('(drop (call $look (local.get $thing))) (call $drop (local.get $thing))'),
    );
    const guest = create();
    expect([guest.run(0), guest.run(0)]).toEqual([1, 2]);
    expect(guest.disposed).toEqual([1, 2]);
  });

  test('a borrow that is not dropped when the call ends traps', async () => {
    const create = await loadGuest(lending(''));
    expectTrap(create(), 0, 'borrow handles still remain at the end of the call');
  });

  test('a borrow cannot be given away', async () => {
    const create = await loadGuest(lending('(call $take (local.get $thing))'));
    const guest = create();
    expectTrap(guest, 0, 'a borrow handle cannot be given away');
    expect(guest.log).toEqual([]);
  });

  test('a borrow that was dropped traps', async () => {
    const create = await loadGuest(
      lending('(call $drop (local.get $thing)) (drop (call $look (local.get $thing)))'),
    );
    expectTrap(create(), 0, /unknown handle index/);
  });

  test("the owner's handle is invalid for the borrower", async () => {
    const create = await loadGuest(
      lending('(call $drop (local.get $thing)) (drop (call $make)) (call $drop (i32.const 2))'),
    );
    expectTrap(create(), 0, /unknown handle index 2/);
  });

  test('a handle that was given to another component is gone', async () => {
    const create = await loadGuest(lending('(call $drop (local.get $thing))'));
    const guest = create();
    expectTrap(guest, 100, /unknown handle index/);
    expect(guest.disposed).toEqual([1]);
  });
});

describe("guests' own resources", () => {
  test('destructors run in the component that defines the resource', async () => {
    const guest = (await loadGuest(RESOURCES))();
    guest.run(1);
    guest.run(2);
    expect(guest.log).toEqual([1007, 8]);
  });

  test('a destructor cannot enter a component that is running', async () => {
    const guest = (await loadGuest(RESOURCES))();
    expectTrap(guest, 3, 'cannot enter component instance');
    expect(guest.log).toEqual([]);
  });

  test('the component that defines a resource gets its representation from a borrow', async () => {
    const guest = (await loadGuest(RESOURCES))();
    expect(guest.run(4)).toBe(4242);
    expect(guest.log).toEqual([4242]);
  });

  test("a handle of another component's table traps", async () => {
    expectTrap((await loadGuest(RESOURCES))(), 5, /unknown handle index/);
  });
});

describe('leaving a component', () => {
  test('while the host puts a result into its memory, traps', async () => {
    const guest = (await loadGuest(STRINGS))();
    expectTrap(guest, 4, 'cannot leave component instance');
    expect(guest.log).toEqual([]);
  });

  test('in post-return, traps', async () => {
    const guest = (await loadGuest(STRINGS))();
    expect(guest.name(0)).toBe('grü');
    expect(() => guest.name(5)).toThrow('cannot leave component instance');
    expect(guest.state.dead).toBe(true);
    expect(guest.log).toEqual([]);
  });
});

test('a trap in post-return ends the instance', async () => {
  const guest = (await loadGuest(STRINGS))();
  expect(() => guest.name(6)).toThrow('unreachable');
  expect(guest.state.dead).toBe(true);
});

describe('strings', () => {
  test('that are not UTF-8 do not reach another component', async () => {
    const create = await loadGuest(STRINGS);
    expect(create().run(2)).toBe(4);
    expectTrap(create(), 1, 'not valid UTF-8');
  });

  test('in UTF-16 are read unchanged, or trap', async () => {
    const create = await loadGuest(UTF16);
    const guest = create();
    guest.run(2);
    expect(guest.log).toEqual(['\ufeffa']);
    expect(() => guest.run(3)).toThrow('not valid');
    expect(guest.state.dead).toBe(true);
  });

  test('outside of the memory trap', async () => {
    const guest = (await loadGuest(STRINGS))();
    expectTrap(guest, 3, 'out of bounds');
    expect(guest.log).toEqual([]);
  });
});

describe('a guest that catches what is thrown', () => {
  const catching = (attempt: string, then: string): string =>
    call(`(block $caught (try_table (catch_all $caught) ${attempt})) ${then} (i32.const 0)`);

  test('traps at its next host call', async () => {
    const guest = (await loadGuest(catching('(call $take (i32.const 5))', '(call $log (i32.const 1))')))();
    expectTrap(guest, 0, 'the instance trapped before');
    expect(guest.log).toEqual([]);
  });

  test('traps when it returns', async () => {
    const guest = (await loadGuest(catching('(call $take (i32.const 5))', '')))();
    expectTrap(guest, 0, 'the instance trapped before');
  });

  test('traps when an adapter between components had trapped', async () => {
    expectTrap((await loadGuest(STRINGS))(), 7, 'the instance trapped before');
  });

  test('traps if the result of the host was invalid', async () => {
    const create = await loadGuest(catching('(drop (call $look (call $make)))', ''));
    expectTrap(create({ look: () => Symbol('not a number') }), 0, 'cannot leave component instance');
  });

  test('traps if the host threw', async () => {
    const create = await loadGuest(catching('(call $log (i32.const 0))', '(drop (call $make))'));
    const guest = create({
      log() {
        throw new Error('a failure of the host');
      },
    });
    expectTrap(guest, 0, /cannot leave component instance|trapped before/);
  });
});

test('a host function that fails ends the instance, with its error', async () => {
  const create = await loadGuest(call('(call $log (i32.const 0)) (i32.const 0)'));
  const guest = create({
    log() {
      throw new Error('a failure of the host');
    },
  });
  expectTrap(guest, 0, 'a failure of the host');
});

test('a trap in one instance leaves others alone', async () => {
  const create = await loadGuest(call('(if (local.get $n) (then (unreachable))) (call $look (call $make))'));
  const [first, second] = [create(), create()];
  expect(second.run(0)).toBe(1);
  expectTrap(first, 1, 'unreachable');
  expect(second.run(0)).toBe(2);
  expect(second.state.dead).toBe(false);
});
