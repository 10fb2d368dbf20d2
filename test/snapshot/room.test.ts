import { expect, test } from 'vitest';
import { runGlue } from '../../src/component/glue.ts';
import { createInstances } from '../../src/engine/worker/instances.ts';
import { loadComponent } from '../../src/loader/load-component.ts';
import { parseWat } from '../component/fixtures.ts';
import { guestThread } from '../support/guest-thread.ts';

const PAGE = 65_536;

/** Grows by two pages for each request and tells what came of it, as an allocator that was at work before the first one. */
const grower = (limits: string): string => `(component
  (import "acme:lab/host@1.0.0" (instance $host (export "told" (func (param "grown" s32)))))
  (core func $told (canon lower (func $host "told")))
  (core module $other (memory 1))
  (core instance $o (instantiate $other))
  (core module $main (import "host" "told" (func $told (param i32))) (memory ${limits})
    (func (export "handle") (call $told (memory.grow (i32.const 2)))))
  (core instance $i (instantiate $main (with "host" (instance (export "told" (func $told))))))
  (func $handle (canon lift (core func $i "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.6" (instance $handler)))`;

test.each([
  ['its own maximum', '1 3', {}],
  ['the limit of all together', '1', { maxMemory: 4 * PAGE }],
])('each request has as much room to grow as the previous one, up to %s', async (_, limits, options) => {
  const bytes = await parseWat(grower(limits));
  const component = await loadComponent(bytes, options);
  const grown: number[] = [];
  const pool = createInstances({
    ...guestThread(),
    component,
    glue: runGlue(component.glue),
    host: { bind: () => () => ({ told: (pages: number) => void grown.push(pages) }) },
    isolation: 'request',
    idleLimit: 1,
    verify: true,
    degraded() {},
  });
  for (let n = 0; n < 5; n += 1) {
    const instance = pool.take();
    await instance.handle(undefined, undefined);
    pool.give(instance, { poisoned: false });
  }
  expect(grown).toEqual([1, 1, 1, 1, 1]);
});
