import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';

export interface WatGuest {
  /** The other parts of the core module: types, imports, memories, functions. */
  readonly items?: string;
  /** The body of `$answer`, which returns the status of the response. */
  readonly answer: string;
  /** Core modules and instances before the main one. */
  readonly before?: string;
  /** Arguments of the main instance: `(with "other" (instance $other))`. */
  readonly arguments?: string;
}

/** A component that responds to every request with the status that its core function `$answer` returns. */
export function watGuest({ items = '', answer, before = '', arguments: given = '' }: WatGuest): string {
  return `(component
  (import "wasi:http/types@0.2.6" (instance $types
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $request (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (type $error' (variant (case "DNS-timeout")))
    (export "error-code" (type $error (eq $error')))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $fields)) (result (own $response))))
    (export "[method]outgoing-response.set-status-code"
      (func (param "self" (borrow $response)) (param "status-code" u16) (result (result))))
    (export "[static]response-outparam.set" (func (param "param" (own $outparam))
      (param "response" (result (own $response) (error $error)))))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $outparam))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $status (canon lower (func $types "[method]outgoing-response.set-status-code")))
  (core func $set (canon lower (func $types "[static]response-outparam.set")))
  (core instance $host
    (export "fields" (func $fields)) (export "response" (func $response))
    (export "status" (func $status)) (export "set" (func $set)))
  ${before}
  (core module $main
    (import "host" "fields" (func $fields (result i32)))
    (import "host" "response" (func $response (param i32) (result i32)))
    (import "host" "status" (func $status (param i32 i32) (result i32)))
    (import "host" "set" (func $set (param i32 i32 i32)))
    ${items}
    (func $answer (result i32) ${answer})
    (func (export "handle") (param i32 i32) (local $response i32)
      (local.set $response (call $response (call $fields)))
      (drop (call $status (local.get $response) (call $answer)))
      (call $set (local.get 1) (i32.const 0) (local.get $response))))
  (core instance $guest (instantiate $main (with "host" (instance $host)) ${given}))
  (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
    (canon lift (core func $guest "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.6" (instance $handler)))`;
}

/** The same in binary form. */
export function assembleGuest(guest: WatGuest): Promise<Uint8Array> {
  return parse(watGuest(guest));
}
