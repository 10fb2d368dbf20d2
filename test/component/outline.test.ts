import { expect, test } from 'vitest';
import { WasmcpError } from '../../host/index.ts';
import { type ComponentOutline, readComponent } from '../../src/component/outline.ts';
import { COMMAND, parseWat } from './fixtures.ts';

async function outline(text: string): Promise<ComponentOutline> {
  return readComponent(await parseWat(text), 'server.wasm');
}

function refusal(bytes: Uint8Array): string {
  try {
    readComponent(bytes, 'server.wasm');
  } catch (error) {
    if (error instanceof WasmcpError && error.code === 'component-invalid') return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

const batch = (name: string, list: string): string => `
  (import "${name}" (instance
    (export "error" (type $error (sub resource)))
    (alias outer 0 0 (type $bytes))
    (type $plain (list u8))
    ${list}
    (export "get-many" (func (param "keys" (list string)) (result (result $all (error (own $error))))))))`;

const OPTIONS = `
  (type $pair (tuple string $plain)) (type $maybe (option $pair)) (type $all (list $maybe))`;
const PAIRS = `
  (type $maybe (option $plain)) (type $pair (tuple string $maybe))
  (export "entry" (type $entry (eq $pair))) (type $all (list $entry))`;

test('reads interfaces, functions and resources, and distinguishes versions and drafts', async () => {
  const { imports, exports } = await outline(`(component
    (type (list u8))
    (import "wasi:io/poll@0.2.6" (instance $poll
      (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (import "wasi:io/poll@0.2.8" (instance (export "poll" (func))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance
      (alias outer 1 $pollable (type $outer))
      (export "pollable" (type $p (eq $outer)))
      (export "now" (func (result u64)))
      (export "subscribe" (func (result (own $p))))))
    ${batch('wasi:keyvalue/batch@0.2.0-draft', OPTIONS)}
    ${batch('wasi:keyvalue/batch@0.2.0-draft2', PAIRS)}
    (import "wasmcp:mcp/types@0.1.1" (instance
      (type $r (record (field "a" u32))) (export "request" (type (eq $r)))))
    (import "alone" (func))
    (import "number" (type (eq 0)))
    (export "poller" (type $pollable))
    (export "example:app/all@1.0.0" (instance $poll))
  )`);
  expect(imports).toEqual([
    { name: 'wasi:io/poll@0.2.6', functions: ['[method]pollable.block'], resources: ['pollable'] },
    { name: 'wasi:io/poll@0.2.8', functions: ['poll'], resources: [] },
    { name: 'wasi:clocks/monotonic-clock@0.2.6', functions: ['now', 'subscribe'], resources: [] },
    {
      name: 'wasi:keyvalue/batch@0.2.0-draft',
      functions: ['get-many'],
      resources: ['error'],
      getMany: 'options',
    },
    {
      name: 'wasi:keyvalue/batch@0.2.0-draft2',
      functions: ['get-many'],
      resources: ['error'],
      getMany: 'pairs',
    },
    { name: 'wasmcp:mcp/types@0.1.1', functions: [], resources: [] },
    { name: 'alone', functions: ['alone'], resources: [] },
  ]);
  expect(exports).toEqual(['example:app/all@1.0.0']);
});

test('leaves a get-many of another shape unnamed', async () => {
  const { imports } = await outline(`(component
    (import "wasi:keyvalue/batch@0.2.0-draft3" (instance
      (type $b (list u8)) (type $o (option $b)) (type $all (list $o)) (type $r (result $all))
      (export "get-many" (func (result $r))))))`);
  expect(imports).toEqual([
    { name: 'wasi:keyvalue/batch@0.2.0-draft3', functions: ['get-many'], resources: [] },
  ]);
});

test('counts nested components and modules at any depth', async () => {
  const { innerComponents, coreModules } = await outline(`(component
    (core module) (component (core module) (component (core module))) (component))`);
  expect({ innerComponents, coreModules }).toEqual({ innerComponents: 3, coreModules: 3 });
});

/** A component that uses a core export of this name. */
const exporting = (name: string): string => `(component (core module $m (func (export "${name}")))
  (core instance $i (instantiate $m)) (alias core export $i "${name}" (core func)))`;

test.each([
  ["an export's quote", exporting("a'b"), `an alias of a core export, the name "a'b"`],
  ['a backtick', exporting('a`b'), 'the name "a`b"'],
  ['a backslash', exporting(String.raw`a\\b`), String.raw`the name "a\\b"`],
  ['a line break', exporting(String.raw`a\0ab`), String.raw`the name "a\nb"`],
  ['a character outside ASCII', exporting('é'), String.raw`the name "\u00e9"`],
  ['a name of 257 characters', exporting('a'.repeat(257)), 'longer than 256'],
  [
    "an import's module name",
    `(component (core module (import "\\22" "b" (func))))`,
    'an import of core module 0',
  ],
  ["an import's field", `(component (core module (import "a" "\\22" (func))))`, 'an import of core module 0'],
  [
    'a name behind imports of every kind',
    `(component (core module
      (import "a" "t" (table 1 2 funcref)) (import "a" "m" (memory 1 2 shared)) (import "a" "g" (global (mut i64)))
      (import "a" "e" (tag (param i32))) (import "a" "r" (table i64 1 funcref)) (import "a" "f" (global (ref func))) (import "a" "'" (func))))`,
    'an import of core module 0',
  ],
  [
    'a module two components deep',
    `(component (core module) (component (component (core module (import "a" "'" (func))))))`,
    'an import of core module 1 (in inner component 2)',
  ],
  [
    'an inline export of a core instance',
    `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (core instance (export "'" (func $i "f"))))`,
    'a core instance',
  ],
])('refuses a hostile name: %s', async (_, text, expected) => {
  const message = refusal(await parseWat(text));
  expect(message).toContain('server.wasm is refused');
  expect(message).toContain(expected);
  expect(message).toMatch(/^[ -~]*$/);
});

test('ignores the names of core exports that nothing mentions', async () => {
  const names = ["a'b", String.raw`a\\b`, 'é', 'a'.repeat(257)];
  const exports = names.map((name) => `(export "${name}" (func 0))`).join('');
  const { coreModules } = await outline(`(component (core module (func) ${exports}))`);
  expect(coreModules).toBe(1);
});

test.each([
  ['a struct', '(type (struct (field i8) (field (mut (ref null 0)))))'],
  [
    'an array in a group',
    '(rec (type (func)) (type $a (sub (array (mut i16)))) (type (sub final $a (array (mut i16)))))',
  ],
])('says which core module has %s among its types, however deep', async (_, types) => {
  const nested = `(component (core module (type (func))) (component (core module ${types})))`;
  expect((await outline(nested)).managedModule).toBe('core module 1 (in inner component 1)');
});

test('reports no struct or array types if all types are functions', async () => {
  const types = `(rec (type $f (sub (func (param (ref null $f)))))
    (type (sub final $f (func (param (ref null $f)) (result (ref exact $f))))))`;
  const plain = types.replace('exact ', '');
  expect((await outline(`(component (core module ${plain}))`)).managedModule).toBeUndefined();
});

test('accepts names of 256 printable characters', async () => {
  const names = ['a'.repeat(256), '', '$imports', 'cm32p2|wasi:io/poll@0.2|poll', '[method]a.b#c<d>{}();,'];
  await outline(
    `(component (core module (func $f) ${names.map((name) => `(export "${name}" (func $f))`).join('')}))`,
  );
});

test('refuses a component that is truncated within a section, and never fails otherwise', async () => {
  const whole = await parseWat(COMMAND);
  let complete = 0;
  for (let length = 8; length < whole.length; length += 1) {
    try {
      readComponent(whole.subarray(0, length), 'cut.wasm');
      complete += 1;
    } catch (error) {
      expect(error).toMatchObject({
        code: 'component-invalid',
        message: expect.stringContaining('Is the file complete?'),
      });
    }
  }
  // Between two sections there is nothing to notice.
  expect(complete).toBeLessThan(30);
});

test('survives any changed byte', async () => {
  const whole = await parseWat(COMMAND);
  for (let index = 8; index < whole.length; index += 1) {
    for (const value of [0x00, 0x7f, 0xff]) {
      const changed = new Uint8Array(whole);
      changed[index] = value;
      try {
        readComponent(changed, 'changed.wasm');
      } catch (error) {
        expect(error).toMatchObject({ code: 'component-invalid' });
      }
    }
  }
});

test('refuses nesting without end', () => {
  const preamble = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
  const leb = (value: number): number[] =>
    value < 128 ? [value] : [(value & 127) | 128, ...leb(Math.floor(value / 128))];
  let nested = preamble;
  for (let depth = 0; depth < 5000; depth += 1) nested = [...preamble, 4, ...leb(nested.length), ...nested];
  expect(refusal(new Uint8Array(nested))).toContain('nested too deeply');

  const types = [1, ...Array.from({ length: 100_000 }, () => [0x42, 1, 1]).flat()];
  expect(refusal(new Uint8Array([...preamble, 7, ...leb(types.length), ...types]))).toContain(
    'nested too deeply',
  );
});
