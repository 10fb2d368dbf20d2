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
