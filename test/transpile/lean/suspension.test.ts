import { describe, expect, test } from 'vitest';
import { single } from './guests.ts';
import { loadGuest, type Overrides } from './things.ts';

const WAITING = single(`(func (export "run") (param $n i32) (result i32)
  (local $thing i32)
  (local.set $thing (call $make))
  (call $wait (local.get $n))
  (call $wait (i32.add (local.get $n) (i32.const 1)))
  (call $log (local.get $n))
  (call $look (local.get $thing)))`);

const STARTING = single(`(func $start (call $wait (i32.const 3))) (start $start)
  (func (export "run") (param $n i32) (result i32) (call $wait (local.get $n)) (i32.const 0))`);

/** A `wait` whose promises are settled by hand. */
function createGate(): { overrides: Overrides; open: (error?: Error) => void; waiting: () => number } {
  const pending: PromiseWithResolvers<void>[] = [];
  return {
    overrides: {
      wait() {
        const gate = Promise.withResolvers<void>();
        pending.push(gate);
        return gate.promise;
      },
    },
    open(error) {
      const gate = pending.shift()!;
      if (error) gate.reject(error);
      else gate.resolve();
    },
    waiting: () => pending.length,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a guest is suspended until the promise of a host function has settled', async () => {
  const gate = createGate();
  const guest = (await loadGuest(WAITING, 'suspending'))(gate.overrides);
  const result = guest.run(5);
  await turn();
  expect([gate.waiting(), guest.log]).toEqual([1, []]);
  gate.open();
  await turn();
  expect([gate.waiting(), guest.log]).toEqual([1, []]);
  gate.open();
  expect(await result).toBe(1);
  expect(guest.log).toEqual([5]);
  expect(guest.state.dead).toBe(false);
});

test('a host function is called once for each call of the guest', async () => {
  const calls: number[] = [];
  const create = await loadGuest(WAITING, 'suspending');
  const guest = create({
    wait(number: number) {
      calls.push(number);
      return calls.length % 2 === 1 ? turn() : undefined;
    },
  });
  await guest.run(7);
  await guest.run(9);
  expect(calls).toEqual([7, 8, 9, 10]);
  expect(guest.state.hostCalls).toBe(10);
});

test('functions with a plain result, or that take a resource, may wait too', async () => {
  const taken: unknown[] = [];
  const create = await loadGuest(
    single(`(func (export "run") (param $n i32) (result i32)
      (call $take (call $make))
      (i32.add (call $look (call $make)) (call $look (call $make))))`),
    'suspending',
  );
  const guest = create({
    look: () => turn().then(() => 21),
    take: (thing: unknown) => turn().then(() => taken.push(thing)),
  });
  expect(await guest.run(0)).toBe(42);
  expect(taken).toHaveLength(1);
  await expect(create({ look: () => Promise.reject(new Error('rejected')) }).run(0)).rejects.toThrow(
    'rejected',
  );
});

test('an export that may be suspended returns a promise, ready or not', async () => {
  const guest = (await loadGuest(WAITING, 'suspending'))();
  const result = guest.run(5);
  expect(result).toBeInstanceOf(Promise);
  expect(await result).toBe(1);
});

test('a call into a suspended instance is refused, and the call in progress continues', async () => {
  const gate = createGate();
  const guest = (await loadGuest(WAITING, 'suspending'))(gate.overrides);
  const first = guest.run(1);
  await turn();
  await expect(guest.run(2)).rejects.toThrow(TypeError);
  expect(() => guest.state.save()).toThrow('not at rest');
  gate.open();
  await turn();
  gate.open();
  expect(await first).toBe(1);
  expect(guest.log).toEqual([1]);
  expect(guest.state.dead).toBe(false);
});

test('many instances wait at once', async () => {
  const create = await loadGuest(WAITING, 'suspending');
  const gates = Array.from({ length: 20 }, createGate);
  const guests = gates.map(({ overrides }) => create(overrides));
  const results = guests.map((guest, index) => guest.run(index));
  for (const gate of gates.toReversed()) gate.open();
  await turn();
  for (const gate of gates) gate.open();
  expect(await Promise.all(results)).toEqual(gates.map(() => 1));
  expect(guests.map(({ log }) => log)).toEqual(gates.map((_, index) => [index]));
});

test('a promise that is rejected ends the instance, with its error', async () => {
  const gate = createGate();
  const guest = (await loadGuest(WAITING, 'suspending'))(gate.overrides);
  const result = guest.run(1);
  await turn();
  gate.open(new WebAssembly.RuntimeError('the request is over'));
  await expect(result).rejects.toThrow('the request is over');
  expect(guest.state.dead).toBe(true);
  await expect(guest.run(1)).rejects.toThrow('the instance trapped before');
});

describe('where nothing can be suspended', () => {
  test('calls that need not wait work', async () => {
    const create = await loadGuest(STARTING, 'suspending');
    const guest = create();
    expect(guest.state.hostCalls).toBe(1);
    expect(await guest.run(1)).toBe(0);
  });

  test('a start function that would wait fails the instantiation', async () => {
    const create = await loadGuest(STARTING, 'suspending');
    expect(() => create({ wait: () => Promise.reject(new Error('nobody is there to see it')) })).toThrow(
      WebAssembly.RuntimeError,
    );
    await turn();
  });

  test('a promise from a function that may not wait traps', async () => {
    const guest = (await loadGuest(WAITING))({
      wait: () => Promise.reject(new Error('nobody is there to see it')),
    });
    expect(() => guest.run(1)).toThrow('the host returned a promise to a call that cannot wait');
    expect(guest.state.dead).toBe(true);
    await turn();
  });
});
