import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Server } from '../../../src/index.ts';
import { listen } from '../../support/serving.ts';

function ask(server: Server, path: string): Promise<Response> {
  return server.fetch(new Request(`http://localhost${path}`));
}

async function status(server: Server, path: string): Promise<number> {
  return (await ask(server, path)).status;
}

test('guests that keep workers busy, many of one kind, leave some to requests of another', {
  timeout: 60_000,
}, async () => {
  const { server } = await listen('misbehave', { timeout: 30_000, queueLimit: 100 });
  let ended = 0;
  for (let n = 0; n < 20; n++) void status(server, '/spin').then(() => ended++);
  const others: number[] = [];
  // Longer than it takes until they have all workers that they may have.
  const end = performance.now() + 10_000;
  while (performance.now() < end && ended === 0) others.push(await status(server, '/ok'));
  expect([ended, new Set(others)]).toEqual([0, new Set([200])]);
});

test('a guest that computes gets its full time, even if another guest of its worker is overdue and cannot stop', async () => {
  // The handles that it keeps cost more than a guest may have by default.
  const maxHostMemory = 4 * 1024 ** 3;
  const patient = await listen('misbehave', { timeout: 120_000, maxHostMemory });
  expect(await status(patient.server, '/ok')).toBe(200);
  const began = performance.now();
  expect(await status(patient.server, '/leak?n=100000')).toBe(200);
  const took = performance.now() - began;
  // More than a second: longer than the other one may take to stop, but on a busy machine, too, within its own limit.
  const count = Math.min(600_000, Math.round((100_000 * 1300) / took));
  const timeout = Math.max(8000, Math.round(10 * (took / 100_000) * count));
  const { server, errors } = await listen('misbehave', { timeout, maxHostMemory });
  expect(await status(server, '/ok')).toBe(200);
  const late = status(server, '/sleep-forever');
  await pause(timeout - 500);
  const computing = ask(server, `/leak?n=${count}`);
  expect(await late).toBe(504);
  expect(await (await computing).text()).toBe(`leaked ${count} of each`);
  expect(errors()).toEqual([`error GET /sleep-forever: the guest did not respond within ${timeout} ms`]);
}, 300_000);

test('each of many guests that keep workers busy is ended at its limit, while others are served', async () => {
  const { server, errors } = await listen('misbehave', { workers: 2, timeout: 8000 });
  const loops: Promise<{ answered: number; after: number }>[] = [];
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    const loop = status(server, '/spin');
    loops.push(loop.then((answered) => ({ answered, after: performance.now() - began })));
    expect(await status(server, '/ok')).toBe(200);
  }
  const ended = await Promise.all(loops);
  expect(ended.map(({ answered }) => answered)).toEqual(Array(6).fill(504));
  // One after another, they would take 48 seconds.
  expect(Math.max(...ended.map(({ after }) => after))).toBeLessThan(30_000);
  expect(errors()).toEqual(Array(6).fill('error GET /spin: the guest did not respond within 8000 ms'));
}, 60_000);
