import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { leanGlue, load, transpileRaw, transpileSync } from './component.ts';

/** What the rewriting of glue looks for, as core names may be: printable, without quotes, backslash and backtick. */
const SNIPPETS: readonly string[] = [
  'memory0',
  'memory0 = exports0',
  'memory0.buffer.slice(ptr0, ptr0 + len0 * 1)',
  'new Uint8Array(memory0.buffer, ptr0, len0)',
  'new DataView(memory0.buffer)',
  'dataView(memory0).setInt32(arg0 + 4, 1, true);',
  'TEXT_DECODER_UTF8.decode(new Uint8Array(memory0.buffer, ptr0, len0))',
  'new TextDecoder()',
  'fatal: true, ignoreBOM: true',
  '_utf8AllocateAndEncode(e, realloc0, memory0)',
  '{ ptr: 1, len: 0 }',
  'var ptr0 = arg0;',
  'var result0 = [];',
  'var ptr0 = realloc0(0, 0, 1, len0 * 1);',
  'realloc0(',
  'throwInvalidBool()',
  'function clampGuest(i, min, max) {',
  'String.fromCharCode.apply(null',
  '_debugLog(',
  ';_debugLog();',
  'Object.assign(f, { _jcoMaySuspend: false })',
  'Object.assign(',
  '_guardMayLeave(0, trampoline0)',
  'WebAssembly.promising(f)',
  'context.bind',
  'contextGet.bind(null, { slot: 0 })',
  'contextGet',
  'rscTableRemove(handleTable0, handle)',
  'handleTable0[(arg0 << 1) + 1] & ~T_FLAG;',
  'T_FLAG',
  '_trampoline0',
  'const _trampoline0 = function() {',
  '.fnName = ',
  '.manuallyAsync = true',
  '.manuallyAsync = true;',
  'return task.completionPromise();',
  'getErrorPayload(',
  '_trackHostOperation(',
  'export function instantiate(',
  'export const x = 1;',
  'function* _initGenerator () {',
  'task._componentIdx = 9;',
  'getCurrentTask',
  '$code0;',
  '$bound0;',
  '$callStack',
  '$memory0',
  '$& $1 $$',
  '//',
  '/* x',
  '*/',
  `$\{x}`,
  '{',
  '}',
  '};',
  'return x;',
  'name:0',
];

/** A guest whose core modules give each other functions of these names, each with a number of its own. */
function guest(names: readonly string[]): string {
  const list = (show: (name: string, index: number) => string): string => names.map(show).join('\n');
  return `(component
    (import "test:host/names@1.0.0" (instance $host (export "text" (func (param "text" string) (result string)))))
    (core module $memory (memory (export "memory") 1) (data (i32.const 16) "text")
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
    (core instance $m (instantiate $memory))
    (core func $text (canon lower (func $host "text") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core module $given ${list((name, index) => `(func (export "${name}") (result i32) (i32.const ${index + 1}))`)})
    (core instance $given (instantiate $given))
    ${list((name, index) => `(alias core export $given "${name}" (core func $f${index}))`)}
    (core module $main
      (import "host" "text" (func $text (param i32 i32 i32)))
      ${list((name, index) => `(import "given" "to ${name}" (func $f${index} (result i32)))`)}
      (func (export "run") (result i32)
        (call $text (i32.const 16) (i32.const 4) (i32.const 32))
        (i32.const 0)
        ${list((_, index) => `(i32.add (i32.mul (i32.const ${(index % 7) + 1}) (call $f${index})))`)}))
    (core instance $i (instantiate $main
      (with "host" (instance (export "text" (func $text))))
      (with "given" (instance ${list((name, index) => `(export "to ${name}" (func $f${index}))`)}))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
}

const sum = (names: readonly string[]): number =>
  names.reduce((total, _, index) => total + ((index % 7) + 1) * (index + 1), 0);

/** What a guest with these names gives by either kind of glue. */
async function results(names: readonly string[]): Promise<unknown> {
  const bytes = await parse(guest(names));
  const [sync, raw] = [await transpileSync(bytes), await transpileRaw(bytes)];
  const loaded = [await load(sync, leanGlue(sync)), await load(raw, raw.glue)];
  return loaded.map(({ instantiate }) => {
    const texts: string[] = [];
    const instance = instantiate({
      'test:host/names@1.0.0': { text: (text: string) => texts.push(text) && '' },
    });
    return { result: (instance as unknown as { run(): number }).run(), texts };
  });
}

test.each(SNIPPETS)('a core function may be called: %s', async (name) => {
  const expected = { result: 1, texts: ['text'] };
  expect(await results([name])).toEqual([expected, expected]);
});

test('all of these names together', async () => {
  const expected = { result: sum(SNIPPETS), texts: ['text'] };
  expect(await results(SNIPPETS)).toEqual([expected, expected]);
});
