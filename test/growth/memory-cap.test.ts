import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checked, createHost, Guest, openStore, prefixedLines } from '../../host/index.ts';
import { runGlue } from '../../src/component/glue.ts';
import { bindImports } from '../../src/component/link-check.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { findState } from '../../src/snapshot/exposed-state.ts';
import { coreInstantiator } from '../../src/snapshot/instantiate.ts';
import { parseWat } from '../component/fixtures.ts';
import { fixture } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';

const PAGE = 65_536;
const CAP = 512;

/** All memories; with raw glue, whose modules are as they were, those that they export. */
function memoriesOf(cores: readonly WebAssembly.Instance[]): readonly WebAssembly.Memory[] {
  if (!rawGlue) return findState(cores).memories;
  const exported = cores.flatMap((core) => Object.values(core.exports));
  return [...new Set(exported.filter((value) => value instanceof WebAssembly.Memory))];
}

const fixtures = globSync('*.wasm', { cwd: fixture('x').replace(/x\.wasm$/, '') });

test.each(fixtures)('no memory of %s grows beyond the cap', async (name) => {
  const component = await loadComponent(fixture(name.replace('.wasm', '')), { maxMemory: CAP * PAGE });
  const store = await openStore('memory:');
  const silent = prefixedLines('', () => {});
  const bind = createHost({ store: checked(store) }).bind(new Guest(), { stdout: silent, stderr: silent });
  const instantiateCore = coreInstantiator(component);
  const cores: WebAssembly.Instance[] = [];
  runGlue(component.glue).instantiate(
    (module) => component.modules[module]!,
    bindImports(component, bind),
    (module, imports) => {
      const core = instantiateCore(module, imports);
      cores.push(core);
      return core;
    },
  );
  const memories = memoriesOf(cores);
  expect(memories.length).toBeGreaterThan(0);
  for (const memory of memories) {
    const pages = memory.buffer.byteLength / PAGE;
    expect(() => memory.grow(CAP - pages + 1)).toThrow(RangeError);
    expect(memory.grow(CAP - pages)).toBe(pages);
  }
  await store.close();
});

/** A component of one core module, which has a memory and these exports. */
const growing = (exports: string): string => `(component
  (core module $m (memory 1) ${exports}
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $i (instantiate $m))
  (func $grow (param "pages" u32) (result s32) (canon lift (core func $i "grow")))
  (instance $lab (export "grow" (func $grow)))
  (export "acme:lab/memory@1.0.0" (instance $lab)))`;

test.each([
  ['of both', '(export "$m0" (memory 0)) (export "$d0" (memory 0))'],
  ['of the cards', '(export "$d0" (memory 0))'],
  ['of the cards, for a function', '(func (export "$d0"))'],
])('a guest with names of ours, %s, runs and is capped as any other', async (_, exports) => {
  const bytes = await parseWat(growing(exports));
  const component = await loadComponent(bytes, { maxMemory: 4 * PAGE });
  const instance = runGlue(component.glue).instantiate(
    (module) => component.modules[module]!,
    {},
    coreInstantiator(component),
  );
  const { grow } = instance['acme:lab/memory@1.0.0']!;
  expect(await Promise.all([grow!(4), grow!(3), grow!(1)])).toEqual([-1, 1, -1]);
});

test('a guest whose memories have the names of dirty maps keeps its data when the host writes to it', async () => {
  const bytes = await parseWat(`(component
    (import "acme:lab/host@1.0.0" (instance $host (export "name" (func (result string)))))
    (core module $memory (memory (export "memory") 1) (export "$m0" (memory 0)) (export "$d0" (memory 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1000)))
    (core instance $m (instantiate $memory))
    (alias core export $m "memory" (core memory $mem))
    (core func $name (canon lower (func $host "name") (memory $mem) (realloc (core func $m "realloc"))))
    (core module $main (import "m" "memory" (memory 1)) (import "h" "name" (func $name (param i32)))
      (func (export "run") (result i32) (call $name (i32.const 2000)) (i32.load8_u (i32.const 16))))
    (core instance $i (instantiate $main (with "m" (instance $m))
      (with "h" (instance (export "name" (func $name))))))
    (func $run (result u32) (canon lift (core func $i "run")))
    (instance $lab (export "run" (func $run)))
    (export "acme:lab/main@1.0.0" (instance $lab)))`);
  const component = await loadComponent(bytes);
  const instance = runGlue(component.glue).instantiate(
    (module) => component.modules[module]!,
    { 'acme:lab/host@1.0.0': { name: () => 'host' } },
    coreInstantiator(component),
  );
  expect(await instance['acme:lab/main@1.0.0']!.run!()).toBe(0);
});
