/** Core modules that Rust cannot express: the response to `GET` is 200, any other method runs `$hostile`. */

/** A number of memories, each grown to a number of pages and written. */
export function manyMemories(count: number, pages: number): string {
  const memories = Array.from({ length: count }, (_, n) => `(memory $grown${n} 1)`);
  const grown = Array.from(
    { length: count },
    (_, n) => `(drop (memory.grow $grown${n} (i32.const ${pages - 1})))
      (memory.fill $grown${n} (i32.const 0) (i32.const 1) (i32.shl (memory.size $grown${n}) (i32.const 16)))`,
  );
  return component(memories.join('\n'), grown.join('\n'));
}

/** One memory of a number of pages, filled repeatedly without a loop. */
export function manyFills(count: number, pages: number): string {
  const fill =
    '(memory.fill $filled (i32.const 0) (i32.const 1) (i32.shl (memory.size $filled) (i32.const 16)))';
  return component(`(memory $filled ${pages})`, fill.repeat(count));
}

/** A number of tables, each grown to a number of entries. */
export function manyTables(count: number, entries: number): string {
  const tables = Array.from({ length: count }, (_, n) => `(table $grown${n} 1 funcref)`);
  const grown = Array.from(
    { length: count },
    (_, n) => `(drop (table.grow $grown${n} (ref.func $handle) (i32.const ${entries - 1})))`,
  );
  return component(tables.join('\n'), grown.join('\n'));
}

/** An endless list of arrays of 1 MiB, which are on V8's heap. */
export function gcArrays(): string {
  return component(
    `(type $bytes (array (mut i8)))
     (rec (type $node (struct (field (ref $bytes)) (field (ref null $node)))))`,
    `(local $list (ref null $node))
     (loop $again
       (local.set $list
         (struct.new $node (array.new $bytes (i32.const 1) (i32.const 1048576)) (local.get $list)))
       (br $again))`,
  );
}

function component(items: string, hostile: string): string {
  return `(component
  (import "wasi:http/types@0.2.6" (instance $types
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $request (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (type $method' (variant (case "get") (case "head") (case "post") (case "put") (case "delete") (case "connect")
      (case "options") (case "trace") (case "patch") (case "other" string)))
    (export "method" (type $method (eq $method')))
    (type $error' (variant (case "DNS-timeout")))
    (export "error-code" (type $error (eq $error')))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $fields)) (result (own $response))))
    (export "[method]incoming-request.method" (func (param "self" (borrow $request)) (result $method)))
    (export "[static]response-outparam.set" (func (param "param" (own $outparam))
      (param "response" (result (own $response) (error $error)))))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $outparam))
  (core module $memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $method (canon lower (func $types "[method]incoming-request.method")
    (memory $mem) (realloc (core func $m "realloc"))))
  (core func $set (canon lower (func $types "[static]response-outparam.set")))
  (core instance $host
    (export "fields" (func $fields)) (export "response" (func $response))
    (export "method" (func $method)) (export "set" (func $set)))
  (core module $main
    (import "host" "fields" (func $fields (result i32)))
    (import "host" "response" (func $response (param i32) (result i32)))
    (import "host" "method" (func $method (param i32 i32)))
    (import "host" "set" (func $set (param i32 i32 i32)))
    (import "m" "memory" (memory $shared 1))
    ${items}
    (func $hostile ${hostile})
    (func $handle (export "handle") (param $request i32) (param $out i32)
      (call $method (local.get $request) (i32.const 0))
      (if (i32.load8_u $shared (i32.const 0)) (then (call $hostile)))
      (call $set (local.get $out) (i32.const 0) (call $response (call $fields)))))
  (core instance $guest (instantiate $main (with "host" (instance $host)) (with "m" (instance $m))))
  (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
    (canon lift (core func $guest "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.6" (instance $handler)))`;
}
