import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import { runGlue } from '../../src/component/glue.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { COMMAND, parseWat, RUN_CALLS, temporaryFolder } from '../component/fixtures.ts';

type HostFunction = (text?: string) => unknown;

interface CommandHost {
  open?: HostFunction;
  check?: HostFunction;
  take?: HostFunction;
}

/** Runs the command once, in an instance of its own, with a host that is called as `which` says. */
async function run(component: LoadedComponent, which: unknown, host: CommandHost = {}): Promise<unknown> {
  const glue = runGlue(component.glue);
  const instance = glue.instantiate((name) => component.modules[name]!, {
    'wasi:keyvalue/store@0.2.0-draft': { open: host.open ?? (() => {}), check: host.check ?? (() => {}) },
    'test:host/sync@0.1.0': { which: () => which, take: host.take ?? (() => {}) },
  });
  return instance['wasi:cli/run@0.2.6']!.run!();
}

async function load(text: string): Promise<LoadedComponent> {
  return loadComponent(await parseWat(text), { cacheDir: await temporaryFolder() });
}

describe('a command', async () => {
  const bytes = await parseWat(COMMAND);
  const command = async (): Promise<LoadedComponent> =>
    loadComponent(bytes, { cacheDir: await temporaryFolder() });

  test('waits for a promise of the host', async () => {
    const order: string[] = [];
    await run(await command(), RUN_CALLS.openText, {
      open: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('host');
      },
    });
    order.push('returned');
    expect(order).toEqual(['host', 'returned']);
  });

  test('passes strings unchanged, including a byte-order mark', async () => {
    const component = await command();
    const seen: unknown[] = [];
    await run(component, RUN_CALLS.openText, { open: (text) => void seen.push(text) });
    await run(component, RUN_CALLS.takeText, { take: (text) => void seen.push(text) });
    expect(seen).toEqual(['\uFEFFok', '\uFEFFok']);
  });

  test('traps on invalid UTF-8, before the host is called', async () => {
    const component = await command();
    const seen: unknown[] = [];
    const host: CommandHost = {
      open: (text) => void seen.push(text),
      take: (text) => void seen.push(text),
    };
    await expect(run(component, RUN_CALLS.openInvalid, host)).rejects.toThrow('not valid');
    await expect(run(component, RUN_CALLS.takeInvalid, host)).rejects.toThrow('not valid');
    expect(seen).toEqual([]);
  });

  test('ends if the host rejects or throws, with and without a result type', async () => {
    const component = await command();
    const trap = new WebAssembly.RuntimeError('ended by the host');
    const rejects = async (): Promise<never> => {
      await new Promise((resolve) => setImmediate(resolve));
      throw trap;
    };
    const throws = (): never => {
      throw trap;
    };
    for (const fails of [rejects, throws]) {
      await expect(run(component, RUN_CALLS.openText, { open: fails })).rejects.toBe(trap);
      await expect(run(component, RUN_CALLS.check, { check: fails })).rejects.toBe(trap);
    }
    await expect(run(component, RUN_CALLS.takeText, { take: throws })).rejects.toBe(trap);
  });

  test('traps if the host returns a promise where the guest cannot wait', async () => {
    const component = await command();
    const failing = async (): Promise<never> => {
      throw new Error('nobody may see this unhandled');
    };
    await expect(run(component, RUN_CALLS.takeText, { take: failing })).rejects.toThrow('cannot wait');
    await expect(run(component, Promise.resolve(RUN_CALLS.check))).rejects.toThrow('cannot wait');
  });

  test('runs in a worker to which it is sent, with readable stack traces', async () => {
    const component = await command();
    const worker = new Worker(
      `const { parentPort, workerData: component } = require('node:worker_threads');
       import('${new URL('../../src/component/glue.ts', import.meta.url)}').then(async ({ runGlue }) => {
         const glue = runGlue(component.glue);
         const host = { which: () => ${RUN_CALLS.takeInvalid}, take() {}, open() {}, check() {} };
         const imports = { 'wasi:keyvalue/store@0.2.0-draft': host, 'test:host/sync@0.1.0': host };
         const instance = glue.instantiate((name) => component.modules[name], imports);
         await instance['wasi:cli/run@0.2.6'].run().catch((error) => parentPort.postMessage(error.stack));
       });`,
      { eval: true, workerData: component },
    );
    onTestFinished(async () => void (await worker.terminate()));
    const [stack] = (await once(worker, 'message')) as [string];
    expect(stack).toContain(`wasmcp-node:${component.digest.slice(0, 12)}/glue.js:`);
    expect(stack.length).toBeLessThan(2000);
  });
});

test('distinguishes versions and drafts, each of which may wait', async () => {
  const names = [
    'wasi:keyvalue/store@0.2.0-draft',
    'wasi:keyvalue/store@0.2.0-draft2',
    'wasi:io/poll@0.2.6',
    'wasi:io/poll@0.2.8',
  ];
  const part = (text: (name: string, index: number) => string): string => names.map(text).join('\n');
  const component = await load(`(component
    ${part((name, i) => `(import "${name}" (instance $i${i} (export "poll" (func))))`)}
    ${part((_, i) => `(core func $f${i} (canon lower (func $i${i} "poll")))`)}
    (core module $main ${part((_, i) => `(import "h" "${i}" (func $f${i}))`)}
      (func (export "run") (result i32) ${part((_, i) => `(call $f${i})`)} (i32.const 0)))
    (core instance $main (instantiate $main (with "h" (instance
      ${part((_, i) => `(export "${i}" (func $f${i}))`)}))))
    (func $run (result (result)) (canon lift (core func $main "run")))
    (instance $command (export "run" (func $run)))
    (export "wasi:cli/run@0.2.8" (instance $command)))`);
  const called: string[] = [];
  const imports = Object.fromEntries(
    names.map((name) => [name, { poll: async () => void called.push(name) }]),
  );
  const glue = runGlue(component.glue);
  await glue.instantiate((name) => component.modules[name]!, imports)['wasi:cli/run@0.2.8']!.run!();
  expect(called).toEqual(names);
});

test('lets every function of wasi:keyvalue wait, including static ones and methods', async () => {
  // The patches check each function that jco emits against this expectation: loading it is the test.
  await load(`(component
    (import "wasi:keyvalue/atomics@0.2.0-draft2" (instance $a
      (export "cas" (type $cas (sub resource)))
      (export "[static]cas.new" (func (result (own $cas))))
      (export "[method]cas.current" (func (param "self" (borrow $cas)) (result u32)))
      (export "swap" (func))))
    (core func $new (canon lower (func $a "[static]cas.new")))
    (core func $current (canon lower (func $a "[method]cas.current")))
    (core func $swap (canon lower (func $a "swap")))
    (core module $main
      (import "h" "n" (func (result i32))) (import "h" "c" (func (param i32) (result i32))) (import "h" "s" (func)))
    (core instance (instantiate $main (with "h" (instance
      (export "n" (func $new)) (export "c" (func $current)) (export "s" (func $swap)))))))`);
});

test('reports a component that jco refuses as invalid', async () => {
  // Well-formed, but the function has another type than it says.
  const bytes = await parseWat(`(component
    (core module $m (func (export "f") (param i32)))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))
    (export "f" (func $f)))`);
  await expect(loadComponent(bytes, { cacheDir: await temporaryFolder() })).rejects.toMatchObject({
    code: 'component-invalid',
    message: expect.stringContaining('bytes cannot be transpiled'),
  });
});

/** An inner component with strings in UTF-16, called by an outer one of the same kind. */
const PASSING = `(component
  (component $Inner
    (core module $main (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $main))
    (func (export "take") (param "text" string) (canon lift (core func $i "take") string-encoding=utf16
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $inner (instantiate $Inner))
  (core module $memory (memory (export "memory") 1))
  (core instance $m (instantiate $memory))
  (core func $take (canon lower (func $inner "take") string-encoding=utf16 (memory (core memory $m "memory"))))
  (core module $main (import "inner" "take" (func (param i32 i32))) (func (export "run")))
  (core instance $i (instantiate $main (with "inner" (instance (export "take" (func $take))))))
  (func (export "run") (canon lift (core func $i "run"))))`;

test('reports why jco failed on a component, and prints nothing', async () => {
  await expect(load(PASSING)).rejects.toThrow(
    expect.objectContaining({
      code: 'component-invalid',
      message: expect.stringMatching(
        /cannot be transpiled: jco failed on it \(not implemented: .*(utf16|latin).*\), as it uses strings of an encoding that is not supported; build all of it for UTF-8$/,
      ),
    }),
  );
});
