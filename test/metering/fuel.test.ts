import { expect, test } from 'vitest';
import { component } from '../support/serving.ts';
import { REQUESTS } from './requests.ts';
import { type GuestRequest, serveInThread } from './served.ts';

/** The least N with which `wasmtime serve -W fuel=N` of wasmtime 48.0.8 answered, within 1 of 500, found by bisection. */
const FUEL: readonly (readonly [fixture: string, request: GuestRequest, fuel: number])[] = [
  ['http-lab', { path: '/headers', headers: ['x-a', '1'] }, 75_368],
  ['http-lab', { path: '/big?bytes=300000' }, 85_978],
  ['http-lab', { method: 'POST', path: '/echo', body: 'z'.repeat(20_000) }, 39_727],
  ['misbehave', { path: '/ok' }, 2265],
  ['misbehave', { path: '/grow?mib=3' }, 3_155_758],
  ['kv-draft', { path: '/list' }, 3828],
  ['notes-draft', REQUESTS['notes-draft']![1]!, 22_309],
];

test.each(FUEL)('%s %j uses no more units than wasmtime’s fuel, %i', async (name, request, fuel) => {
  const serve = await serveInThread(await component(name), 'never');
  const { units } = await serve(request);
  expect(units).toBeGreaterThan(fuel / 20);
  expect(units).toBeLessThanOrEqual(fuel);
});

test('each instruction takes at most wasmtime’s fuel for it, and bulk copies a unit for 8 bytes', async () => {
  const { meteredGuest, PLENTY } = await import('./guests.ts');
  const guest = await meteredGuest(
    `(module (memory 2) (func (export "run") (param i32) (loop $l
      (nop) (drop (i32.const 1)) (block (br_if 0 (i32.const 1)) (drop (i32.const 9)))
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 80000))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`,
    undefined,
    PLENTY,
  );
  guest.call('run', 1000);
  // On the shortest path: const, const, br_if, three more for the length, fill, and five for the turn.
  expect(guest.meter.used).toBe(999 * 12 + 1000 * 10_000);
});
