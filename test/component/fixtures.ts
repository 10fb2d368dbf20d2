import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A component or core module in binary form. */
export async function parseWat(text: string): Promise<Uint8Array> {
  const { parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  return parse(text);
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wasmcp-node-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A command that asks the host which of its imports to call: see `RUN_CALLS`.
 * Memory at 0 holds a byte-order mark, `ok`, and a byte that is not UTF-8.
 */
export const COMMAND = `(component
  (import "wasi:keyvalue/store@0.2.0-draft" (instance $store
    (export "open" (func (param "name" string)))
    (export "check" (func (result (result))))))
  (import "test:host/sync@0.1.0" (instance $sync
    (export "which" (func (result u32)))
    (export "take" (func (param "text" string)))))
  (core module $memory (memory (export "memory") 1) (data (i32.const 0) "\\ef\\bb\\bfok\\ff"))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (core func $open (canon lower (func $store "open") (memory $mem)))
  (core func $check (canon lower (func $store "check") (memory $mem)))
  (core func $which (canon lower (func $sync "which")))
  (core func $take (canon lower (func $sync "take") (memory $mem)))
  (core module $main
    (import "host" "open" (func $open (param i32 i32)))
    (import "host" "check" (func $check (result i32)))
    (import "host" "which" (func $which (result i32)))
    (import "host" "take" (func $take (param i32 i32)))
    (func (export "run") (result i32) (local $which i32)
      (local.set $which (call $which))
      (if (i32.eq (local.get $which) (i32.const 1)) (then (call $open (i32.const 0) (i32.const 5))))
      (if (i32.eq (local.get $which) (i32.const 2)) (then (call $open (i32.const 0) (i32.const 6))))
      (if (i32.eq (local.get $which) (i32.const 3)) (then (return (call $check))))
      (if (i32.eq (local.get $which) (i32.const 4)) (then (call $take (i32.const 0) (i32.const 5))))
      (if (i32.eq (local.get $which) (i32.const 5)) (then (call $take (i32.const 0) (i32.const 6))))
      (i32.const 0)))
  (core instance $i (instantiate $main (with "host" (instance
    (export "open" (func $open)) (export "check" (func $check))
    (export "which" (func $which)) (export "take" (func $take))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $command))
)`;

/** What the host answers to make `COMMAND` call one import, and with which text. */
export const RUN_CALLS = { openText: 1, openInvalid: 2, check: 3, takeText: 4, takeInvalid: 5 } as const;
