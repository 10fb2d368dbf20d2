import { expect, test } from 'vitest';
import { prepareModules } from '../../src/snapshot/prepare.ts';
import { assemble } from '../support/wat.ts';

const [memory, table] = await Promise.all([
  assemble('(module (memory 1))'),
  assemble('(module (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))'),
]);

test('the state of all modules of a component becomes accessible', async () => {
  const { modules, unrestorable } = prepareModules([
    ['a.wasm', memory],
    ['b.wasm', memory],
  ]);
  expect(unrestorable).toBeUndefined();
  expect(modules.map(([name]) => name)).toEqual(['a.wasm', 'b.wasm']);
  for (const [, bytes] of modules) {
    const exported = WebAssembly.Module.exports(await WebAssembly.compile(bytes as BufferSource));
    expect(exported.map(({ name }) => name)).toEqual(['$d0', '$m0']);
  }
});

test('if one module cannot be restored, all stay unchanged, and the module and the reason are reported', () => {
  const given = [
    ['a.wasm', memory],
    ['b.wasm', table],
  ] as const;
  const { modules, unrestorable } = prepareModules(given);
  expect(modules).toEqual(given);
  expect(unrestorable).toBe('core module b.wasm: it changes a table (table.set)');
});
