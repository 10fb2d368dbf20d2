import { describe, expect, test } from 'vitest';
import { glueState } from '../../../src/component/glue-state.ts';
import { lending, RESOURCES, STRINGS, single } from './guests.ts';
import { loadGuest } from './things.ts';

/** Keeps as many things as it is told, and answers with the handle of the next one. */
const HOARDER = single(`(func (export "run") (param $n i32) (result i32)
  (loop $again (if (local.get $n) (then
    (drop (call $make)) (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $again))))
  (call $make))`);

describe('restoring', () => {
  test('disposes of the resources that the guest kept, and handles start again', async () => {
    const guest = (await loadGuest(HOARDER))();
    const saved = guest.state.save();
    expect(guest.run(4)).toBe(5);
    expect(guest.disposed).toEqual([]);
    expect(guest.state.restore(saved)).toBe(true);
    expect(guest.disposed.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(guest.run(0)).toBe(1);
    expect(guest.state.restore(saved)).toBe(true);
    expect(guest.disposed).toHaveLength(6);
    expect(guest.state.save()).toEqual(saved);
    expect(guest.run(1)).toBe(2);
    expect(guest.state.save()).not.toEqual(saved);
  });

  test('keeps resources that existed when the state was saved', async () => {
    const guest = (await loadGuest(HOARDER))();
    guest.run(1);
    const saved = guest.state.save();
    expect(guest.run(0)).toBe(3);
    expect(guest.state.restore(saved)).toBe(true);
    expect(guest.disposed).toEqual([3]);
    expect(guest.run(0)).toBe(3);
  });

  test('is refused once such a resource is gone', async () => {
    const guest = (
      await loadGuest(
        single(`(func (export "run") (param $n i32) (result i32)
          (if (local.get $n) (then (call $drop (local.get $n)) (return (i32.const 0))))
          (call $make))`),
      )
    )();
    guest.run(0);
    const saved = guest.state.save();
    guest.run(1);
    guest.run(0);
    expect(guest.state.restore(saved)).toBe(false);
  });

  test('is refused for a guest that keeps too much', async () => {
    const guest = (await loadGuest(HOARDER))();
    const saved = guest.state.save();
    guest.run(1001);
    expect(guest.state.restore(saved)).toBe(false);
  });

  test('is refused if disposing of a resource fails', async () => {
    const guest = (await loadGuest(HOARDER))();
    const saved = guest.state.save();
    guest.run(1);
    guest.disposed.push = () => {
      throw new Error('a failure of the host');
    };
    expect(guest.state.restore(saved)).toBe(false);
  });
});

test('entered components and their memories are recorded', async () => {
  const guest = (await loadGuest(lending('(call $drop (local.get $thing))')))();
  const { entered } = guest.state;
  expect([...entered]).toEqual([0, 0]);
  guest.run(0);
  expect([...entered]).toEqual([1, 1]);
  entered.fill(0);

  const strings = (await loadGuest(STRINGS))();
  strings.run(3 - 3);
  const owners = [...strings.state.memoryOwners()];
  expect(owners.length).toBeGreaterThan(0);
  for (const [memory, component] of owners) {
    expect(memory).toBeInstanceOf(WebAssembly.Memory);
    expect(strings.state.entered[component]).toBe(1);
  }
});

test('a component whose resource is destroyed counts as entered', async () => {
  const guest = (await loadGuest(RESOURCES))();
  guest.run(2);
  expect([...guest.state.entered]).toEqual([1, 1]);
});

test('raw glue has no state', () => {
  expect(glueState({})).toBeUndefined();
});
