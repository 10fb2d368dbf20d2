;; Compares a live memory with the image of its initial state, 4 KiB at a time, and writes only the blocks that differ: a page
;; that was never written is the kernel's shared page of zeros, and a write would allocate memory for it.
;; Offsets are in bytes and multiples of 4096; accesses outside of a memory trap.
(module
  (import "memory" "live" (memory $live 0))
  (import "memory" "image" (memory $image 0))
  ;; The dirty map, if writes are tracked: a byte for each block, from 16 on, see dirty-tracking.ts.
  (import "memory" "dirtyMap" (memory $dirty-map 0))

  ;; Is the block at $at the same as the one at $from in the image?
  (func $same (param $at i32) (param $from i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 4096)))
    (loop $next
      (if (v128.any_true
            (v128.or
              (v128.or
                (v128.or
                  (v128.xor (v128.load $live (local.get $at)) (v128.load $image (local.get $from)))
                  (v128.xor (v128.load $live offset=16 (local.get $at)) (v128.load $image offset=16 (local.get $from))))
                (v128.or
                  (v128.xor (v128.load $live offset=32 (local.get $at)) (v128.load $image offset=32 (local.get $from)))
                  (v128.xor (v128.load $live offset=48 (local.get $at)) (v128.load $image offset=48 (local.get $from)))))
              (v128.or
                (v128.or
                  (v128.xor (v128.load $live offset=64 (local.get $at)) (v128.load $image offset=64 (local.get $from)))
                  (v128.xor (v128.load $live offset=80 (local.get $at)) (v128.load $image offset=80 (local.get $from))))
                (v128.or
                  (v128.xor (v128.load $live offset=96 (local.get $at)) (v128.load $image offset=96 (local.get $from)))
                  (v128.xor (v128.load $live offset=112 (local.get $at)) (v128.load $image offset=112 (local.get $from)))))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 128)))
      (local.set $from (i32.add (local.get $from) (i32.const 128)))
      ;; Not less than: at 4 GiB the end is 0.
      (br_if $next (i32.ne (local.get $at) (local.get $end))))
    (i32.const 1))

  ;; Is the block at $at all zeros?
  (func $empty (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 4096)))
    (loop $next
      (if (v128.any_true
            (v128.or
              (v128.or
                (v128.or (v128.load $live (local.get $at)) (v128.load $live offset=16 (local.get $at)))
                (v128.or (v128.load $live offset=32 (local.get $at)) (v128.load $live offset=48 (local.get $at))))
              (v128.or
                (v128.or (v128.load $live offset=64 (local.get $at)) (v128.load $live offset=80 (local.get $at)))
                (v128.or (v128.load $live offset=96 (local.get $at)) (v128.load $live offset=112 (local.get $at))))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 128)))
      (br_if $next (i32.ne (local.get $at) (local.get $end))))
    (i32.const 1))

  ;; Restores $blocks blocks at $at from the image at $from. Returns how many were written.
  (func (export "restore") (param $at i32) (param $from i32) (param $blocks i32) (result i32)
    (local $written i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $blocks)))
        (if (i32.eqz (call $same (local.get $at) (local.get $from)))
          (then
            (memory.copy $live $image (local.get $at) (local.get $from) (i32.const 4096))
            (local.set $written (i32.add (local.get $written) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (local.set $from (i32.add (local.get $from) (i32.const 4096)))
        (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
        (br $next)))
    (local.get $written))

  ;; Zeros $blocks blocks at $at. Returns how many were written.
  (func (export "clear") (param $at i32) (param $blocks i32) (result i32)
    (local $written i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $blocks)))
        (if (i32.eqz (call $empty (local.get $at)))
          (then
            (memory.fill $live (local.get $at) (i32.const 0) (i32.const 4096))
            (local.set $written (i32.add (local.get $written) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
        (br $next)))
    (local.get $written))

  ;; Size of the live memory, in pages of 64 KiB.
  (func (export "pages") (result i32) (memory.size $live))

  ;; Is one of the first $blocks blocks marked? They are a multiple of 16.
  (func (export "isMarked") (param $blocks i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $blocks)))
        (local.set $blocks (i32.sub (local.get $blocks) (i32.const 16)))
        (br_if $next (i32.eqz (v128.any_true (v128.load $dirty-map offset=16 (local.get $blocks)))))
        (return (i32.const 1))))
    (i32.const 0))

  ;; Was the block written, or the end of the previous one?
  (func $marked (param $block i32) (result i32)
    (i32.or (i32.load8_u $dirty-map offset=16 (local.get $block)) (i32.load8_u $dirty-map offset=15 (local.get $block))))

  ;; Is none of 16 blocks marked?
  (func $untouched (param $block i32) (result i32)
    (i32.eqz (v128.any_true (v128.or
      (v128.load $dirty-map offset=16 (local.get $block))
      (v128.load $dirty-map offset=15 (local.get $block))))))

  ;; As `restore`, but only for marked blocks.
  (func (export "restoreMarked") (param $at i32) (param $from i32) (param $blocks i32) (result i32)
    (local $block i32) (local $end i32) (local $written i32)
    (local.set $block (i32.shr_u (local.get $at) (i32.const 12)))
    (local.set $end (i32.add (local.get $block) (local.get $blocks)))
    ;; The position of block 0 in the image, which may be before its start.
    (local.set $from (i32.sub (local.get $from) (local.get $at)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $block) (local.get $end)))
        (if (call $untouched (local.get $block))
          (then
            (local.set $block (i32.add (local.get $block) (i32.const 16)))
            (br $next)))
        (if (call $marked (local.get $block))
          (then
            (local.set $at (i32.shl (local.get $block) (i32.const 12)))
            (if (i32.eqz (call $same (local.get $at) (i32.add (local.get $at) (local.get $from))))
              (then
                (memory.copy $live $image
                  (local.get $at) (i32.add (local.get $at) (local.get $from)) (i32.const 4096))
                (local.set $written (i32.add (local.get $written) (i32.const 1)))))))
        (local.set $block (i32.add (local.get $block) (i32.const 1)))
        (br $next)))
    (local.get $written))

  ;; As `clear`, but only for marked blocks.
  (func (export "clearMarked") (param $at i32) (param $blocks i32) (result i32)
    (local $block i32) (local $end i32) (local $written i32)
    (local.set $block (i32.shr_u (local.get $at) (i32.const 12)))
    (local.set $end (i32.add (local.get $block) (local.get $blocks)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $block) (local.get $end)))
        (if (call $untouched (local.get $block))
          (then
            (local.set $block (i32.add (local.get $block) (i32.const 16)))
            (br $next)))
        (if (call $marked (local.get $block))
          (then
            (local.set $at (i32.shl (local.get $block) (i32.const 12)))
            (if (i32.eqz (call $empty (local.get $at)))
              (then
                (memory.fill $live (local.get $at) (i32.const 0) (i32.const 4096))
                (local.set $written (i32.add (local.get $written) (i32.const 1)))))))
        (local.set $block (i32.add (local.get $block) (i32.const 1)))
        (br $next)))
    (local.get $written))

  ;; Removes the marks of the first $blocks blocks.
  (func (export "unmark") (param $blocks i32)
    (memory.fill $dirty-map (i32.const 16) (i32.const 0) (local.get $blocks))))
