/** What guests of these tests import. */
const THINGS = `
  (export "thing" (type $thing (sub resource)))
  (export "make" (func (result (own $thing))))
  (export "look" (func (param "thing" (borrow $thing)) (result u32)))
  (export "take" (func (param "thing" (own $thing))))
  (export "log" (func (param "number" u32)))
  (export "text" (func (param "text" string)))
  (export "names" (func (result (list u8))))
  (export "wait" (func (param "number" u32)))`;

const IMPORT_THINGS = `
  (import "test:host/things@1.0.0" (instance $things ${THINGS}))
  (alias export $things "thing" (type $thing))
  (core func $make (canon lower (func $things "make")))
  (core func $look (canon lower (func $things "look")))
  (core func $take (canon lower (func $things "take")))
  (core func $log (canon lower (func $things "log")))
  (core func $wait (canon lower (func $things "wait")))
  (core func $drop (canon resource.drop $thing))
  (core instance $host
    (export "make" (func $make)) (export "look" (func $look)) (export "take" (func $take))
    (export "log" (func $log)) (export "wait" (func $wait)) (export "drop" (func $drop)))`;

const CORE_IMPORTS = `
  (import "host" "make" (func $make (result i32)))
  (import "host" "look" (func $look (param i32) (result i32)))
  (import "host" "take" (func $take (param i32)))
  (import "host" "log" (func $log (param i32)))
  (import "host" "wait" (func $wait (param i32)))
  (import "host" "drop" (func $drop (param i32)))`;

/** One component around a core module that exports `run`, and may export `start`. */
export function single(body: string): string {
  return `(component ${IMPORT_THINGS}
    (core module $main ${CORE_IMPORTS} ${body})
    (core instance $i (instantiate $main (with "host" (instance $host))))
    (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run"))))`;
}

/**
 * Two components: the outer one makes a thing and lends it to the inner one, whose `borrowed` is the text given; with
 * number 100 it gives the thing away instead.
 */
export function lending(borrowed: string): string {
  return `(component ${IMPORT_THINGS}
    (component $Inner ${IMPORT_THINGS}
      (core module $main ${CORE_IMPORTS}
        (func (export "borrowed") (param $number i32) (param $thing i32) ${borrowed})
        (func (export "owned") (param $thing i32) (call $drop (local.get $thing))))
      (core instance $i (instantiate $main (with "host" (instance $host))))
      (func (export "borrowed") (param "number" u32) (param "thing" (borrow $thing))
        (canon lift (core func $i "borrowed")))
      (func (export "owned") (param "thing" (own $thing)) (canon lift (core func $i "owned"))))
    (instance $inner (instantiate $Inner (with "test:host/things@1.0.0" (instance $things))))
    (core func $borrowed (canon lower (func $inner "borrowed")))
    (core func $owned (canon lower (func $inner "owned")))
    (core module $main ${CORE_IMPORTS}
      (import "inner" "borrowed" (func $borrowed (param i32 i32)))
      (import "inner" "owned" (func $owned (param i32)))
      (func (export "run") (param $number i32) (result i32) (local $thing i32)
        (local.set $thing (call $make))
        (if (i32.eq (local.get $number) (i32.const 100))
          (then (call $owned (local.get $thing)) (return (call $look (local.get $thing)))))
        (call $borrowed (local.get $number) (local.get $thing))
        (local.set $number (call $look (local.get $thing)))
        (call $drop (local.get $thing))
        (local.get $number)))
    (core instance $i (instantiate $main
      (with "host" (instance $host))
      (with "inner" (instance (export "borrowed" (func $borrowed)) (export "owned" (func $owned))))))
    (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run"))))`;
}

/**
 * Two components that each define a resource, whose destructor logs its representation (the outer one plus 1000).
 * Numbers: 1 the outer one drops its own; 2 it drops the inner one's; 3 it gives its own to the inner one, which drops
 * it while the outer one waits; 4 the inner one looks at its own through a borrow, and gives back the representation;
 * 5 the inner one gets the outer one's handle for its own.
 */
export const RESOURCES: string = `(component ${IMPORT_THINGS}
  (component $Inner ${IMPORT_THINGS}
    (import "outer" (type $outer (sub resource)))
    (core module $d ${CORE_IMPORTS} (func (export "dtor") (param i32) (call $log (local.get 0))))
    (core instance $di (instantiate $d (with "host" (instance $host))))
    (type $mine' (resource (rep i32) (dtor (core func $di "dtor"))))
    (export $mine "mine" (type $mine'))
    (core func $new (canon resource.new $mine'))
    (core func $rep (canon resource.rep $mine'))
    (core func $drop-outer (canon resource.drop $outer))
    (core module $main
      (import "own" "new" (func $new (param i32) (result i32)))
      (import "own" "rep" (func $rep (param i32) (result i32)))
      (import "own" "drop-outer" (func $drop-outer (param i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "look") (param i32) (result i32) (local.get 0))
      (func (export "bad-rep") (param i32) (result i32) (call $rep (local.get 0)))
      (func (export "eat") (param i32) (call $drop-outer (local.get 0))))
    (core instance $i (instantiate $main (with "own" (instance
      (export "new" (func $new)) (export "rep" (func $rep)) (export "drop-outer" (func $drop-outer))))))
    (func (export "make") (param "rep" u32) (result (own $mine)) (canon lift (core func $i "make")))
    (func (export "look") (param "mine" (borrow $mine)) (result u32) (canon lift (core func $i "look")))
    (func (export "bad-rep") (param "number" u32) (result u32) (canon lift (core func $i "bad-rep")))
    (func (export "eat") (param "outer" (own $outer)) (canon lift (core func $i "eat"))))
  (core module $d ${CORE_IMPORTS}
    (func (export "dtor") (param i32) (call $log (i32.add (local.get 0) (i32.const 1000)))))
  (core instance $di (instantiate $d (with "host" (instance $host))))
  (type $outer (resource (rep i32) (dtor (core func $di "dtor"))))
  (instance $inner (instantiate $Inner
    (with "test:host/things@1.0.0" (instance $things)) (with "outer" (type $outer))))
  (alias export $inner "mine" (type $mine))
  (core func $new (canon resource.new $outer))
  (core func $drop-outer (canon resource.drop $outer))
  (core func $drop-mine (canon resource.drop $mine))
  (core func $i-make (canon lower (func $inner "make")))
  (core func $i-look (canon lower (func $inner "look")))
  (core func $i-bad-rep (canon lower (func $inner "bad-rep")))
  (core func $i-eat (canon lower (func $inner "eat")))
  (core module $main
    (import "o" "new" (func $new (param i32) (result i32)))
    (import "o" "drop-outer" (func $drop-outer (param i32)))
    (import "o" "drop-mine" (func $drop-mine (param i32)))
    (import "o" "make" (func $make (param i32) (result i32)))
    (import "o" "look" (func $look (param i32) (result i32)))
    (import "o" "bad-rep" (func $bad-rep (param i32) (result i32)))
    (import "o" "eat" (func $eat (param i32)))
    (func (export "run") (param $number i32) (result i32) (local $handle i32)
      (if (i32.eq (local.get $number) (i32.const 1)) (then (call $drop-outer (call $new (i32.const 7)))))
      (if (i32.eq (local.get $number) (i32.const 2)) (then (call $drop-mine (call $make (i32.const 8)))))
      (if (i32.eq (local.get $number) (i32.const 3)) (then (call $eat (call $new (i32.const 9)))))
      (if (i32.eq (local.get $number) (i32.const 4)) (then
        (local.set $handle (call $make (i32.const 4242)))
        (local.set $number (call $look (local.get $handle)))
        (call $drop-mine (local.get $handle))))
      (if (i32.eq (local.get $number) (i32.const 5)) (then (return (call $bad-rep (call $new (i32.const 3))))))
      (local.get $number)))
  (core instance $i (instantiate $main (with "o" (instance
    (export "new" (func $new)) (export "drop-outer" (func $drop-outer)) (export "drop-mine" (func $drop-mine))
    (export "make" (func $i-make)) (export "look" (func $i-look)) (export "bad-rep" (func $i-bad-rep))
    (export "eat" (func $i-eat))))))
  (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run"))))`;

/**
 * Memory and strings. Numbers: 1 passes the inner component a string that is not UTF-8; 2 passes one that is; 3 passes
 * the host a string outside of the memory; 4 asks the host for a list, whose memory `realloc` asks for a log entry
 * first; 7 passes the inner component a string outside of the memory, and catches the trap. `name` returns a string, whose post-return asks for a log entry if the number was 5, and traps if it was 6.
 */
export const STRINGS: string = `(component
  (import "test:host/things@1.0.0" (instance $things ${THINGS}))
  (component $Inner
    (core module $main (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "length") (param i32 i32) (result i32) (local.get 1)))
    (core instance $i (instantiate $main))
    (func (export "length") (param "text" string) (result u32)
      (canon lift (core func $i "length") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $inner (instantiate $Inner))
  (core module $memory (memory (export "memory") 1) (data (i32.const 16) "gr\\c3\\bc\\c3!\\ff"))
  (core instance $m (instantiate $memory))
  (core func $log (canon lower (func $things "log")))
  (core module $realloc (import "host" "log" (func $log (param i32)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $log (i32.const 1)) (i32.const 64)))
  (core instance $r (instantiate $realloc (with "host" (instance (export "log" (func $log))))))
  (core func $length (canon lower (func $inner "length") (memory (core memory $m "memory"))))
  (core func $text (canon lower (func $things "text") (memory (core memory $m "memory"))))
  (core func $names (canon lower (func $things "names") (memory (core memory $m "memory"))
    (realloc (core func $r "realloc"))))
  (core module $main
    (import "host" "length" (func $length (param i32 i32) (result i32)))
    (import "host" "text" (func $text (param i32 i32)))
    (import "host" "names" (func $names (param i32)))
    (import "host" "log" (func $log (param i32)))
    (import "m" "memory" (memory 1))
    (global $number (mut i32) (i32.const 0))
    (func (export "run") (param $number i32) (result i32)
      (if (i32.eq (local.get $number) (i32.const 1)) (then (return (call $length (i32.const 16) (i32.const 6)))))
      (if (i32.eq (local.get $number) (i32.const 2)) (then (return (call $length (i32.const 16) (i32.const 4)))))
      (if (i32.eq (local.get $number) (i32.const 3)) (then (call $text (i32.const 65530) (i32.const 7))))
      (if (i32.eq (local.get $number) (i32.const 4)) (then (call $names (i32.const 128))))
      (if (i32.eq (local.get $number) (i32.const 7)) (then
        (block $caught (try_table (catch_all $caught) (drop (call $length (i32.const 65530) (i32.const 99)))))))
      (i32.const 0))
    (func (export "name") (param $number i32) (result i32)
      (global.set $number (local.get $number))
      (i32.store (i32.const 32) (i32.const 16))
      (i32.store (i32.const 36) (i32.const 4))
      (i32.const 32))
    (func (export "after") (param i32)
      (if (i32.eq (global.get $number) (i32.const 5)) (then (call $log (i32.const 5))))
      (if (i32.eq (global.get $number) (i32.const 6)) (then (unreachable)))))
  (core instance $i (instantiate $main (with "m" (instance $m)) (with "host" (instance
    (export "length" (func $length)) (export "text" (func $text)) (export "names" (func $names))
    (export "log" (func $log))))))
  (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run")))
  (func (export "name") (param "number" u32) (result string)
    (canon lift (core func $i "name") (memory (core memory $m "memory")) (post-return (core func $i "after")))))`;

/** Passes the host a string in UTF-16: as many code units, from a byte-order mark, `a` and a lone surrogate, as it is told. */
export const UTF16: string = `(component
  (import "test:host/things@1.0.0" (instance $things ${THINGS}))
  (core module $memory (memory (export "memory") 1) (data (i32.const 16) "\\ff\\fea\\00\\00\\d8"))
  (core instance $m (instantiate $memory))
  (core func $text (canon lower (func $things "text") string-encoding=utf16 (memory (core memory $m "memory"))))
  (core module $main (import "host" "text" (func $text (param i32 i32)))
    (func (export "run") (param i32) (result i32) (call $text (i32.const 16) (local.get 0)) (i32.const 0)))
  (core instance $i (instantiate $main (with "host" (instance (export "text" (func $text))))))
  (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run"))))`;
