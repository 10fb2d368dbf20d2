import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checked, createHost, Guest, openStore, prefixedLines } from '../../host/index.ts';
import { loadComponent } from '../../src/component/component.ts';
import { runGlue } from '../../src/component/glue.ts';
import { bindImports } from '../../src/component/link.ts';
import { instantiateTracked } from '../../src/component/modules/cards.ts';
import { findState } from '../../src/component/modules/expose.ts';
import { fixture } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { parseWat, temporaryFolder } from './fixtures.ts';

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
  const cores: WebAssembly.Instance[] = [];
  runGlue(component.glue).instantiate(
    (module) => component.modules[module]!,
    bindImports(component, bind),
    (module, imports) => {
      const core = instantiateTracked(module, imports);
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

test('a guest with names of ours is capped as any other', async () => {
  const bytes = await parseWat(growing('(export "$m0" (memory 0)) (export "$c0" (memory 0))'));
  const component = await loadComponent(bytes, { cacheDir: await temporaryFolder(), maxMemory: 4 * PAGE });
  const instance = runGlue(component.glue).instantiate(
    (module) => component.modules[module]!,
    {},
    instantiateTracked,
  );
  const { grow } = instance['acme:lab/memory@1.0.0']!;
  expect(await Promise.all([grow!(4), grow!(3), grow!(1)])).toEqual([-1, 1, -1]);
});
