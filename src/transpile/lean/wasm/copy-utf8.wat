;; Copies a string from one guest's memory to another's, and calls `invalid` unless it is UTF-8 (RFC 3629). Marks its writes in
;; the dirty map of the target memory, see dirty-tracking.ts.
(module
  (import "memory" "from" (memory $from 0))
  (import "memory" "to" (memory $to 0))
  (import "memory" "dirtyMap" (memory $dirty-map 17))
  (import "trap" "invalid" (func $invalid))
  (func (export "copy") (param $source i32) (param $length i32) (param $at i32)
    (local $end i32) (local $byte i32) (local $more i32) (local $low i32) (local $high i32)
    (memory.copy $to $from (local.get $at) (local.get $source) (local.get $length))
    (i32.store8 $dirty-map offset=16 (i32.shr_u (local.get $at) (i32.const 12)) (i32.const 1))
    (if (i32.gt_u (local.get $length) (i32.const 4096))
      (then (memory.fill $dirty-map
        (i32.add (i32.shr_u (local.get $at) (i32.const 12)) (i32.const 16))
        (i32.const 1)
        (i32.add (i32.shr_u (local.get $length) (i32.const 12)) (i32.const 2)))))
    ;; The copy is checked. It lies within the memory, so a sum below can overflow only at the very end of 4 GiB.
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (loop $next
      (block $ascii-end
        (loop $ascii
          (br_if $ascii-end (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
          (br_if $ascii-end (i8x16.bitmask (v128.load $to (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $ascii)))
      (if (i32.eq (local.get $at) (local.get $end)) (then (return)))
      (local.set $byte (i32.load8_u $to (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $byte) (i32.const 0x80)))
      (if (i32.or (i32.lt_u (local.get $byte) (i32.const 0xc2)) (i32.gt_u (local.get $byte) (i32.const 0xf4)))
        (then (call $invalid) (unreachable)))
      ;; How many bytes follow, and the range of the first of them: no overlong forms, no surrogates, nothing beyond U+10FFFF.
      (local.set $more (i32.add (i32.const 1)
        (i32.add (i32.ge_u (local.get $byte) (i32.const 0xe0)) (i32.ge_u (local.get $byte) (i32.const 0xf0)))))
      (local.set $low (i32.const 0x80))
      (local.set $high (i32.const 0xbf))
      (if (i32.eq (local.get $byte) (i32.const 0xe0)) (then (local.set $low (i32.const 0xa0))))
      (if (i32.eq (local.get $byte) (i32.const 0xed)) (then (local.set $high (i32.const 0x9f))))
      (if (i32.eq (local.get $byte) (i32.const 0xf0)) (then (local.set $low (i32.const 0x90))))
      (if (i32.eq (local.get $byte) (i32.const 0xf4)) (then (local.set $high (i32.const 0x8f))))
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (local.get $more))
        (then (call $invalid) (unreachable)))
      (loop $following
        (local.set $byte (i32.load8_u $to (local.get $at)))
        (if (i32.or (i32.lt_u (local.get $byte) (local.get $low)) (i32.gt_u (local.get $byte) (local.get $high)))
          (then (call $invalid) (unreachable)))
        (local.set $low (i32.const 0x80))
        (local.set $high (i32.const 0xbf))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $more (i32.sub (local.get $more) (i32.const 1)))
        (br_if $following (local.get $more)))
      (br $next))))
