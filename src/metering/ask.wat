;; Called by a guest that has used up its quantum, or is about to do something that may take long. A guest can catch what
;; JavaScript throws, but cannot catch a trap.
;; Only `wait` suspends, and no JavaScript is on the stack between the guest and this module.
(module
  ;; Gets the units that are left. Returns the next quantum, 0 to wait for it, or a negative number to trap.
  (import "host" "tick" (func $tick (param i32) (result i32)))
  ;; Suspends. Returns the next quantum, or a negative number to trap.
  (import "host" "wait" (func $wait (result i32)))
  ;; The same without suspending, after `wait` has thrown because JavaScript is on the stack.
  (import "host" "cannotWait" (func $cannot-wait (result i32)))

  (func (export "ask") (param $left i32) (result i32)
    (local $quantum i32)
    (local.set $quantum (call $tick (local.get $left)))
    (if (i32.eqz (local.get $quantum))
      (then
        ;; Legacy exceptions: Node 24 has the current form only behind a flag.
        try
          call $wait
          local.set $quantum
        catch_all
          call $cannot-wait
          local.set $quantum
        end))
    (if (i32.le_s (local.get $quantum) (i32.const 0)) (then (unreachable)))
    (local.get $quantum)))
