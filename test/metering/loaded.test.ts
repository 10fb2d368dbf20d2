import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadComponent } from '../../src/loader/load-component.ts';
import { createMeter } from '../../src/metering/meter.ts';
import { coreInstantiator } from '../../src/snapshot/instantiate.ts';
import { temporaryFolder } from '../component/fixtures.ts';
import { component } from '../support/serving.ts';
import { assembleGuest } from '../support/wat-guest.ts';

const FIXTURES = globSync('fixtures/*.wasm').map((path) => basename(path, '.wasm'));

test.each(FIXTURES)('all code of %s is counted, and compiles', async (name) => {
  const { meters, unmetered, modules } = await component(name);
  expect(unmetered).toBeUndefined();
  expect(Object.keys(meters).length).toBeGreaterThan(0);
  for (const [module, { table, units }] of Object.entries(meters)) {
    const exported = WebAssembly.Module.exports(modules[module]!).map((one) => one.name);
    expect(exported).toEqual(expect.arrayContaining([table, units]));
  }
});

describe('a component', () => {
  /** Its state cannot be put back, it has a start function, and exports with names of ours. */
  const GUEST = {
    items: `(table $t (export "$check") 1 funcref) (func (export "$units"))
      (func $start (local i32)
        (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if $l (i32.lt_u (local.get 0) (i32.const 9999)))))
      (start $start)`,
    answer: '(table.set $t (i32.const 0) (ref.null func)) (i32.const 200)',
  };

  test('is counted even if it cannot be restored or comes from the cache, including its start function', async () => {
    const bytes = await assembleGuest(GUEST);
    const cacheDir = await temporaryFolder();
    for (const fromCache of [false, true]) {
      const loaded = await loadComponent(bytes, { cacheDir });
      expect([loaded.fromCache, loaded.unmetered]).toEqual([fromCache, undefined]);
      expect(loaded.unrestorable).toBeDefined();
      let ticks = 0;
      const tick = (): number => {
        ticks += 1;
        return ticks < 5 ? 1000 : -1;
      };
      const meter = createMeter({ tick, wait: async () => -1, cannotWait: () => -1 }, 1000);
      const instantiate = coreInstantiator(loaded, undefined, meter);
      const [name] = Object.entries(loaded.meters).find(([, { start }]) => start !== undefined)!;
      const host = { fields() {}, response() {}, status() {}, set() {} };
      expect(() => instantiate(loaded.modules[name]!, { host })).toThrow(WebAssembly.RuntimeError);
      expect(ticks).toBe(5);
    }
  });
});
