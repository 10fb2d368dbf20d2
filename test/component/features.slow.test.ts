import { describe, expect, test } from 'vitest';
import { rawGlue } from '../support/raw-glue.ts';
import { serveWat } from '../support/serve-wat.ts';
import type { WatGuest } from '../support/wat-guest.ts';

const FUNCTION =
  '(type $f (func (result i32))) (func $two (type $f) (i32.const 201)) (elem declare func $two)';

const THROWER = '(tag $t (param i32)) (func $thrower (throw $t (i32.const 201)))';

const RESTORED: Readonly<Record<string, WatGuest>> = {
  'extended constant expressions': {
    items: '(global $g i32 (i32.add (i32.const 200) (i32.const 1)))',
    answer: '(global.get $g)',
  },
  'tail calls': {
    items: `(func $down (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 201))
      (else (return_call $down (i32.sub (local.get 0) (i32.const 1))))))`,
    answer: '(return_call $down (i32.const 1000000))',
  },
  SIMD: {
    items: '(memory 1)',
    answer: `(v128.store (i32.const 0) (i32x4.splat (i32.const 67)))
      (i32.mul (i32.load (i32.const 8)) (i32.const 3))`,
  },
  'relaxed SIMD': {
    answer: '(i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (f32.const 201))))',
  },
  'several memories': {
    items: '(memory $a 1) (memory $b 1)',
    answer: `(i32.store $b (i32.const 0) (i32.add (i32.load $b (i32.const 0)) (i32.const 201)))
      (i32.load $b (i32.const 0))`,
  },
  'a memory that is imported, and another one': {
    before: '(core module $o (memory (export "m") 1)) (core instance $other (instantiate $o))',
    arguments: '(with "o" (instance $other))',
    items: '(import "o" "m" (memory $o 1)) (memory $m 1)',
    answer: `(i32.store $o (i32.const 0) (i32.add (i32.load $o (i32.const 0)) (i32.const 201)))
      (i32.load $o (i32.const 0))`,
  },
  'several results': {
    items: '(func $two (result i32 i32) (i32.const 200) (i32.const 1))',
    answer: '(i32.add (call $two))',
  },
  'bulk memory operations': {
    items: '(memory 1) (data $d "\\c9")',
    answer: `(memory.init $d (i32.const 3) (i32.const 0) (i32.const 1))
      (memory.copy (i32.const 9) (i32.const 3) (i32.const 1)) (memory.fill (i32.const 3) (i32.const 0) (i32.const 4))
      (i32.load8_u (i32.const 9))`,
  },
  'reference types': {
    items: '(table $t 2 externref) (table $g funcref (elem $two)) (func $two (result i32) (i32.const 200))',
    answer: `(i32.add (call_indirect $g (result i32) (i32.const 0))
      (ref.is_null (table.get $t (i32.const 0))))`,
  },
  'exceptions (exnref)': {
    items: THROWER,
    answer: '(block $h (result i32) (try_table (catch $t $h) (call $thrower)) (unreachable))',
  },
  'exceptions (exnref) that are thrown again': {
    items: `${THROWER} (func $again
      (block $h (result exnref) (try_table (catch_all_ref $h) (call $thrower)) (unreachable)) (throw_ref))`,
    answer: '(block $h (result i32) (try_table (catch $t $h) (call $again)) (unreachable))',
  },
  'exceptions (legacy)': {
    items: THROWER,
    answer: 'try (result i32) call $thrower i32.const 500 catch $t end',
  },
  'a start function': {
    items: '(global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 201))) (start $s)',
    answer: '(global.get $g) (global.set $g (i32.const 500))',
  },
  'branch hints': {
    answer: `(@metadata.code.branch_hint "\\00") (if (i32.const 0) (then (return (i32.const 500))))
      (i32.const 201)`,
  },
  'a table with 64-bit indexes': {
    items: '(table $t i64 1 funcref)',
    answer: '(i32.wrap_i64 (i64.add (i64.const 200) (table.size $t)))',
  },
};

const MORE_RESTORED: Readonly<Record<string, WatGuest>> = {
  'typed function references': { items: FUNCTION, answer: '(call_ref $f (ref.func $two))' },
  'typed function references in tail calls': {
    items: FUNCTION,
    answer: '(return_call_ref $f (ref.func $two))',
  },
  'a table of typed references': {
    items: `${FUNCTION} (table $t 1 (ref $f) (ref.func $two))`,
    answer: `(block $none (return (call_ref $f (br_on_null $none (ref.as_non_null (table.get $t (i32.const 0)))))))
      (i32.const 500)`,
  },
  'casts of references and subtypes': {
    items: `(rec (type $a (sub (func (result i32)))) (type $b (sub final $a (func (result i32)))))
      (func $two (type $b) (i32.const 200)) (table funcref (elem $two))`,
    answer: `(i32.add (call_indirect (type $a) (i32.const 0))
      (ref.test (ref $b) (table.get (i32.const 0))))`,
  },
  'small integers as references': { answer: '(i31.get_u (ref.i31 (i32.const 201)))' },
  'atomic operations on a memory that is not shared': {
    items: '(memory 1)',
    answer: `(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 201))) (i64.atomic.store (i32.const 8) (i64.const 1))
      (i32.atomic.load (i32.const 0))`,
  },
  'a function with as many locals as there may be': {
    items: `(memory 1) (func $many (local ${'i32 '.repeat(50_000)})
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 201))))`,
    answer: '(call $many) (i32.load (i32.const 0))',
  },
  'a function that only the marks of its writes would make too large': {
    items: `(memory 1) (func $long ${'(i32.store (i32.const 8) (i32.const 1))'.repeat(400_000)}
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 201))))`,
    answer: '(call $long) (i32.load (i32.const 0))',
  },
  'names of exports that never reach generated code': {
    before: `(core module $o (memory (export "m") 1) (export "'" (memory 0)) (export "\\\\" (memory 0)) (export "\\0a" (memory 0)))
      (core instance $other (instantiate $o))`,
    arguments: '(with "o" (instance $other))',
    items: '(import "o" "m" (memory $o 1)) (func (export "`\\\\é") (result i32) (i32.const 1))',
    answer: '(i32.store $o (i32.const 0) (i32.const 201)) (i32.load $o (i32.const 0))',
  },
};

const FRESH: Readonly<Record<string, WatGuest & { readonly why: string }>> = {
  'passive data that is dropped': {
    items: '(memory 1) (data $d "\\c9")',
    answer: `(memory.init $d (i32.const 3) (i32.const 0) (i32.const 1)) (data.drop $d)
      (i32.load8_u (i32.const 3))`,
    why: 'it drops a data segment (data.drop)',
  },
  'passive elements': {
    items: '(table $t 1 funcref) (elem $e func $two) (func $two (result i32) (i32.const 201))',
    answer: `(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
      (call_indirect $t (result i32) (i32.const 0))`,
    why: 'it changes a table (table.init)',
  },
  'table.set': {
    items: `${FUNCTION} (table $t 2 funcref)`,
    answer: '(table.set $t (i32.const 0) (ref.func $two)) (call_indirect $t (type $f) (i32.const 0))',
    why: 'it changes a table (table.set)',
  },
  'table.grow': {
    items: '(table $t 1 100 funcref)',
    answer: '(i32.add (i32.const 200) (table.grow $t (ref.null func) (i32.const 2)))',
    why: 'it changes a table (table.grow)',
  },
  'an import from the module that cards come from': {
    before: '(core module $o (memory (export "0") 1)) (core instance $other (instantiate $o))',
    arguments: '(with "$dirty-map" (instance $other))',
    items: '(import "$dirty-map" "0" (memory $o 1))',
    answer: '(i32.store $o (i32.const 0) (i32.const 201)) (i32.load $o (i32.const 0))',
    why: 'it imports from the reserved name $dirty-map',
  },
  'a mutable externref global': {
    items: '(global $g (mut externref) (ref.null extern))',
    answer: '(i32.add (i32.const 200) (ref.is_null (global.get $g)))',
    why: 'it has a mutable global of type reference',
  },
  'a mutable v128 global': {
    items: '(global $g (mut v128) (v128.const i64x2 0 0))',
    answer: '(global.set $g (i32x4.splat (i32.const 201))) (i32x4.extract_lane 0 (global.get $g))',
    why: 'it has a mutable global of type v128',
  },
};

describe('serves a guest, and restores its instance after each request, that uses', () => {
  test.each(Object.entries({ ...RESTORED, ...MORE_RESTORED }))('%s', async (_, guest) => {
    expect(await serveWat(guest)).toEqual({ statuses: [201, 201, 201], log: [] });
  });
});

describe('serves a guest, with a new instance for each request and a warning, that uses', () => {
  test.each(Object.entries(FRESH))('%s', async (_, { why, ...guest }) => {
    const { statuses, log } = await serveWat(guest);
    expect(statuses).toEqual([201, 201, 201]);
    if (!rawGlue) expect(log).toEqual([expect.stringContaining(why)]);
  });
});
