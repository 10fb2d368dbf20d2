import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { createBudget, type GuestBudget } from '../../../host/index.ts';
import type { GlueImports } from '../../../src/component/glue.ts';
import { GLUE_BUDGET } from '../../../src/component/glue-budget.ts';
import { glueState } from '../../../src/component/glue-state.ts';
import { leanGlue, load, transpileRaw, transpileSync } from './component.ts';

const MIB = 1024 * 1024;

const TAKES = `
  (export "thing" (type $thing (sub resource)))
  (export "make" (func (result (own $thing))))
  (export "text" (func (param "v" string)))
  (export "bytes" (func (param "v" (list u8))))
  (export "texts" (func (param "v" (list string))))
  (export "lists" (func (param "v" (list (list u8)))))
  (export "pairs" (func (param "v" (list (tuple string (list u8))))))
  (export "borrows" (func (param "v" (list (borrow $thing)))))`;

const NAMES = ['text', 'bytes', 'texts', 'lists', 'pairs', 'borrows'] as const;
type Taking = (typeof NAMES)[number];

/**
 * Its memory has zeroes from 64 KiB on: empty texts and lists, or texts of zeroes. \`run(which, count)\` gives so many of
 * one kind to the host; \`keep(n)\` and \`drop(n)\` make handles and drop the last ones.
 */
const GUEST = `(component
  (import "test:host/takes@1.0.0" (instance $takes ${TAKES}))
  (alias export $takes "thing" (type $thing))
  (core module $libc
    (memory (export "memory") 513)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (unreachable)))
  (core instance $libc (instantiate $libc))
  (core func $make (canon lower (func $takes "make")))
  (core func $drop (canon resource.drop $thing))
  ${NAMES.map((name) => `(core func $${name} (canon lower (func $takes "${name}") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))`).join('\n')}
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "host" "make" (func $make (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    ${NAMES.map((name) => `(import "host" "${name}" (func $${name} (param i32 i32)))`).join('\n')}
    (table funcref (elem ${NAMES.map((name) => `$${name}`).join(' ')}))
    (type $take (func (param i32 i32)))
    (func (export "run") (param $which i32) (param $count i32)
      (call_indirect (type $take) (i32.const 65536) (local.get $count) (local.get $which)))
    (func (export "keep") (param $count i32) (result i32) (local $last i32)
      (loop
        (local.set $last (call $make))
        (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (local.get $last))
    (func (export "drop") (param $handle i32) (call $drop (local.get $handle))))
  (core instance $i (instantiate $main
    (with "libc" (instance $libc))
    (with "host" (instance (export "make" (func $make)) (export "drop" (func $drop))
      ${NAMES.map((name) => `(export "${name}" (func $${name}))`).join(' ')}))))
  (func (export "run") (param "which" u32) (param "count" u32) (canon lift (core func $i "run")))
  (func (export "keep") (param "count" u32) (result u32) (canon lift (core func $i "keep")))
  (func (export "drop") (param "handle" u32) (canon lift (core func $i "drop"))))`;

/** The same, in an interface whose `run` may be suspended. */
const WAITING = GUEST.replace(
  /\(func \(export "run"\)( \(param "which" .*)$/m,
  '(func $run$1 (instance $runs (export "run" (func $run))) (export "run" (instance $runs))',
);

interface TestGuest {
  readonly budget: GuestBudget;
  /** Lengths of what the host was given. */
  readonly taken: number[];
  /** The most that was charged during a call. */
  readonly most: () => number;
  take(which: Taking, count: number): void;
  keep(count: number): number;
  drop(handle: number): void;
  readonly dead: boolean | undefined;
}

const kinds = {
  async lean() {
    const transpiled = await transpileSync(await parse(GUEST));
    return load(transpiled, leanGlue(transpiled));
  },
  async raw() {
    const transpiled = await transpileRaw(await parse(GUEST));
    return load(transpiled, transpiled.glue);
  },
};

test.each<[Taking, number]>([
  ['text', 3 * MIB],
  ['bytes', 7 * MIB],
])('a call that waits lifts %s once, and is charged once', async (which, count) => {
  const transpiled = await transpileSync(await parse(WAITING));
  const waiting = NAMES.map((name) => `test:host/takes#${name}`);
  const loaded = await load(transpiled, leanGlue(transpiled, [...waiting, 'run#run']));
  const budget = createBudget({ limit: 8 * MIB });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const host = Object.fromEntries(NAMES.map((name) => [name, turn]));
  const imports = { 'test:host/takes@1.0.0': { Thing: class {}, make() {}, ...host } };
  const instance = loaded.instantiate({ ...imports, [GLUE_BUDGET]: budget }) as unknown as {
    readonly run: { run(which: number, count: number): Promise<void> };
  };
  // Twice would be more than the budget.
  await instance.run.run(NAMES.indexOf(which), count);
  expect(budget.used).toBe(0);
});

describe.each(Object.entries(kinds))('%s glue', (_, make) => {
  const loaded = make();

  async function guest(limit: number): Promise<TestGuest> {
    const budget = createBudget({ limit });
    const taken: number[] = [];
    let most = 0;
    class Thing {}
    const take = (value: ArrayLike<unknown>): void => {
      taken.push(value.length);
      most = Math.max(most, budget.used);
    };
    const host = { Thing, make: () => new Thing(), ...Object.fromEntries(NAMES.map((name) => [name, take])) };
    const imports: GlueImports = { 'test:host/takes@1.0.0': host };
    const instance = (await loaded).instantiate({ ...imports, [GLUE_BUDGET]: budget }) as unknown as {
      run(which: number, count: number): void;
      keep(count: number): number;
      drop(handle: number): void;
    };
    return {
      budget,
      taken,
      most: () => most,
      take: (which, count) => instance.run(NAMES.indexOf(which), count),
      keep: (count) => instance.keep(count),
      drop: (handle) => instance.drop(handle),
      get dead() {
        return glueState(instance)?.dead;
      },
    };
  }

  test.each<[Taking, number]>([
    ['text', 8 * MIB],
    ['bytes', 16 * MIB],
    ['texts', 100_000],
    ['lists', 50_000],
    ['pairs', 40_000],
  ])(
    '%s beyond the budget trap before they are lifted, with the limit and its option',
    async (which, count) => {
      const it = await guest(8 * MIB);
      expect(() => it.take(which, count)).toThrow(/the limit is 8388608 \(--max-host-memory\)/);
      expect(it.taken).toEqual([]);
      expect(it.budget.used).toBeLessThanOrEqual(8 * MIB);
      expect(it.dead).not.toBe(false);
    },
  );

  test.each<[Taking, number, number]>([
    ['text', 3 * MIB, 6 * MIB],
    ['bytes', 7 * MIB, 7 * MIB],
    ['texts', 60_000, 5 * MIB],
    ['lists', 20_000, 5 * MIB],
    ['pairs', 20_000, 5 * MIB],
  ])('%s within it are charged while the host has them, and not for good', async (which, count, least) => {
    const it = await guest(8 * MIB);
    for (let round = 0; round < 5; round += 1) it.take(which, count);
    expect(it.taken).toEqual(Array(5).fill(count));
    expect(it.most()).toBeGreaterThanOrEqual(least);
    it.take('bytes', 1);
    expect(it.budget.used).toBe(0);
  });

  test('many values in one call take at most 64 MiB, however large the budget is', async () => {
    const it = await guest(256 * MIB);
    it.take('bytes', 30 * MIB);
    it.take('lists', 200_000);
    expect(() => it.take('lists', 300_000)).toThrow('the values of one call take more than 67108864 bytes');
    expect(it.taken).toEqual([30 * MIB, 200_000]);
  });

  test('a list of handles is charged before any of them is read', async () => {
    const it = await guest(8 * MIB);
    expect(() => it.take('borrows', 1_000_000)).toThrow(/--max-host-memory/);
  });

  test('a list with a length of 2^31 or more is refused', async () => {
    const it = await guest(8 * MIB);
    expect(() => it.take('texts', -1)).toThrow();
    expect(it.taken).toEqual([]);
  });

  test('small values are not charged', async () => {
    const it = await guest(8 * MIB);
    it.take('bytes', 1000);
    it.take('texts', 100);
    expect(it.most()).toBe(0);
  });

  test('handles are charged until they are dropped', async () => {
    const it = await guest(8 * MIB);
    const last = it.keep(1000);
    const used = it.budget.used;
    expect(used).toBeGreaterThan(400_000);
    for (let handle = last; handle > last - 500; handle -= 1) it.drop(handle);
    expect(it.budget.used).toBeLessThan(used - 200_000);
    expect(() => it.keep(20_000)).toThrow(/--max-host-memory/);
    expect(it.dead).not.toBe(false);
  });

  test('the number of resources of one type is limited, however large the budget is', async () => {
    const it = await guest(512 * MIB);
    const last = it.keep(65_000);
    for (let handle = last; handle > last - 1000; handle -= 1) it.drop(handle);
    it.keep(1500);
    expect(() => it.keep(1000)).toThrow('the guest holds more than 65536 resources of one type');
    expect(it.dead).not.toBe(false);
  });
});
