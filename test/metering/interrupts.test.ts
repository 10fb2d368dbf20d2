import { describe, expect, test } from 'vitest';
import { type MeteredGuest, meteredGuest, PLENTY } from './guests.ts';

/** Guests that never end. */
const ENDLESS: Readonly<Record<string, string>> = {
  'an empty loop': '(module (func (export "run") (loop $l (br $l))))',
  'a loop with a result under way': `(module (func (export "run") (result i32)
    (i32.add (i32.const 1) (loop $l (result i32) (br_if $l (i32.const 0) (i32.const 1)) (br $l)))))`,
  'a loop within loops': `(module (func (export "run") (loop $a (loop $b (loop $c (br_if $c (i32.const 0)) (br $b))) (br $a))))`,
  'a loop by br_table': `(module (func (export "run") (local i32)
    (block $out (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_table $l $l $l (local.get 0))))))`,
  'a loop of small loops': `(module
    (func $a (local i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if $l (i32.lt_u (local.get 0) (i32.const 9)))))
    (func $b (local i32) (loop $l (call $a) (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if $l (i32.lt_u (local.get 0) (i32.const 9)))))
    (func (export "run") (loop $l (call $b) (br $l))))`,
  'a tail call of itself': '(module (func $f (export "run") (return_call $f)))',
  'tail calls of each other': '(module (func $f (export "run") (return_call $g)) (func $g (return_call $f)))',
  'tail calls through a table': `(module (type $t (func)) (table funcref (elem $f))
    (func $f (export "run") (return_call_indirect (type $t) (i32.const 0))))`,
  'tail calls by reference': `(module (type $t (func)) (elem declare func $f)
    (func $f (export "run") (return_call_ref $t (ref.func $f))))`,
  'calls of itself, each of which returns': `(module (func (export "run") (call $tree (i32.const 100)))
    (func $tree (param i32) (if (local.get 0) (then
      (call $tree (i32.sub (local.get 0) (i32.const 1))) (call $tree (i32.sub (local.get 0) (i32.const 1)))))))`,
  'exceptions that it catches': `(module (tag $e) (func $throw (throw $e))
    (func (export "run") (loop $l (block $caught (try_table (catch $e $caught) (call $throw))) (br $l))))`,
  'exceptions that branch to the loop': `(module (tag $e) (func $throw (throw $e))
    (func (export "run") (loop $l (try_table (catch_all $l) (call $throw)))))`,
  'exceptions of the older form': `(module (tag $e) (func $throw (throw $e))
    (func (export "run") loop $l try try call $throw delegate 0 catch $e end try call $throw catch_all br $l end end))`,
  'a loop with vectors': `(module (func (export "run") (local v128)
    (loop $l (local.set 0 (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4))) (br $l))))`,
  'a loop over several memories': `(module (memory $a 1) (memory $b 1)
    (func (export "run") (loop $l (memory.copy $a $b (i32.const 0) (i32.const 0) (i32.const 9)) (br $l))))`,
  'a loop over a memory of 64 bits': `(module (memory i64 1)
    (func (export "run") (loop $l (memory.fill (i64.const 0) (i32.const 0) (i64.const 9)) (br $l))))`,
  'operations on a table': `(module (table 9 funcref)
    (func (export "run") (loop $l (table.fill (i32.const 0) (ref.null func) (i32.const 9)) (br $l))))`,
  'operations on a table of 64 bits': `(module (table i64 9 funcref)
    (func (export "run") (loop $l (table.fill (i64.const 0) (ref.null func) (i64.const 9)) (br $l))))`,
  'copies without a loop of its own': `(module (memory 16)
    (func $copy (memory.copy (i32.const 0) (i32.const 9) (i32.const 100000)))
    (func (export "run") (loop $l (call $copy) (br $l))))`,
};

function trapping(wat: string, ticks: number): Promise<MeteredGuest> {
  return meteredGuest(wat, (tick) => (tick < ticks ? 1000 : -1));
}

describe('a guest that never ends', () => {
  test.each(Object.entries(ENDLESS))('is trapped at the chosen question: %s', async (_, wat) => {
    const guest = await trapping(wat, 20);
    expect(() => guest.call('run')).toThrow(WebAssembly.RuntimeError);
    expect(guest.ticks).toBe(20);
  });

  test.each(Object.entries(ENDLESS))('is suspended, and others run meanwhile: %s', async (_, wat) => {
    let others = 0;
    const guest = await meteredGuest(wat, (tick) => (tick < 10 ? 0 : -1));
    const ended = guest.promise('run');
    const another = (): void => {
      others += 1;
      immediate = setImmediate(another);
    };
    let immediate = setImmediate(another);
    await expect(ended).rejects.toThrow(WebAssembly.RuntimeError);
    clearImmediate(immediate);
    expect(guest.ticks).toBe(10);
    expect(others).toBeGreaterThanOrEqual(8);
  });
});

test('continues if JavaScript on its stack prevents suspending it, and a trap still ends it', async () => {
  const wat = `(module (import "js" "back" (func $back)) (func (export "run") (call $back))
    (func (export "loop") (loop $l (br $l))))`;
  let back = (): void => {};
  const guest = await meteredGuest(wat, (tick) => (tick < 10 ? 0 : -1), 1000, { js: { back: () => back() } });
  back = () => void guest.call('loop');
  await expect(guest.promise('run')).rejects.toThrow(WebAssembly.RuntimeError);
  expect(guest.ticks).toBe(10);
});

test('a guest cannot catch the trap', async () => {
  const wat = `(module (func $loop (loop $l (br $l)))
    (func (export "run") (block $caught (try_table (catch_all $caught) (call $loop)))))`;
  const guest = await trapping(wat, 3);
  expect(() => guest.call('run')).toThrow(/unreachable/);
});

test('a long computation returns the same with questions, with suspensions, and without any', async () => {
  const wat = `(module (func (export "sum") (param i32) (result i64) (local i64)
    (loop $l
      (local.set 1 (i64.add (i64.mul (local.get 1) (i64.const 31)) (i64.extend_i32_u (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))`;
  const [plain, asking, suspended] = await Promise.all([
    meteredGuest(wat, undefined, PLENTY),
    meteredGuest(wat, () => 100),
    meteredGuest(wat, () => 0),
  ]);
  const expected = plain.call('sum', 100_000);
  expect(plain.ticks).toBe(0);
  expect(asking.call('sum', 100_000)).toBe(expected);
  expect(asking.ticks).toBeGreaterThan(80);
  expect(await suspended.promise('sum', 100_000)).toBe(expected);
  expect(suspended.ticks).toBeGreaterThan(80);
  // 12 instructions a turn, but for the first time that they are executed.
  expect(plain.meter.used).toBe(12 * 99_999);
  expect(asking.meter.used).toBe(plain.meter.used);
  expect(suspended.meter.used).toBe(plain.meter.used);
});

/** Ways to call the imported function `$slow`, of the type `$t`; the table belongs to the module unless it says otherwise. */
const HOST_CALLS: Readonly<Record<string, string>> = {
  directly: '(func $again (call $slow))',
  'in a tail call': '(func $again (return_call $slow))',
  'through a table': `(table funcref (elem $slow))
    (func $again (call_indirect (type $t) (i32.const 0)))`,
  'through a table, in a tail call': `(table funcref (elem $slow))
    (func $again (return_call_indirect (type $t) (i32.const 0)))`,
  'through a table that was set': `(table $table 1 funcref) (elem declare func $slow)
    (func $again (table.set $table (i32.const 0) (ref.func $slow)) (call_indirect (type $t) (i32.const 0)))`,
  'through a table of others': `(import "js" "table" (table 1 funcref)) (export "slow" (func $slow))
    (func $again (call_indirect (type $t) (i32.const 0)))`,
  'through a table that others can set': `(table (export "table") funcref (elem $slow))
    (func $again (call_indirect (type $t) (i32.const 0)))`,
  'by reference': `(elem declare func $slow) (func $again (call_ref $t (ref.func $slow)))`,
  'by reference, in a tail call': `(elem declare func $slow) (func $again (return_call_ref $t (ref.func $slow)))`,
};

test.each(Object.entries(HOST_CALLS))(
  'a guest asks after each slow function of the host that it calls %s',
  async (way, functions) => {
    const wat = `(module (type $t (func)) (import "js" "slow" (func $slow (type $t))) ${functions}
      (func (export "run") (local i32)
        (loop $l (call $again) (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50))))))`;
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    let guest: MeteredGuest | undefined;
    const slow = (): void => guest?.meter.askSoon();
    const js = { slow, table };
    guest = await meteredGuest(wat, () => PLENTY, PLENTY, { js });
    if (way === 'through a table of others') table.set(0, guest.core.exports.slow as () => void);
    guest.call('run');
    expect(guest.ticks).toBeGreaterThanOrEqual(49);
  },
);

test('a guest asks before each bulk operation on a table, and uses no more units for that', async () => {
  const guest = await meteredGuest(`(module (table $t 9 funcref) (elem $e funcref (ref.null func))
    (func (export "run")
      (table.fill $t (i32.const 0) (ref.null func) (i32.const 9))
      (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 8))
      (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))))`);
  guest.call('run');
  expect(guest.ticks).toBe(3);
  expect(guest.meter.used).toBeLessThan(20);
});
