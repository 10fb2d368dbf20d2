;; The two context slots of the running call, which guests can access without a call into JavaScript.
(module
  (global $slot0 (export "slot0") (mut i32) (i32.const 0))
  (global $slot1 (export "slot1") (mut i32) (i32.const 0))
  (func (export "get0") (result i32) (global.get $slot0))
  (func (export "get1") (result i32) (global.get $slot1))
  (func (export "set0") (param i32) (global.set $slot0 (local.get 0)))
  (func (export "set1") (param i32) (global.set $slot1 (local.get 0))))
