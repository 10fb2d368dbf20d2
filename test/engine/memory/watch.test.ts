import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fixture, serve } from '../../support/command.ts';
import { listen } from '../../support/serving.ts';

const MIB = 1024 * 1024;

async function status(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

test('guests that grow together get what there is, and others are served', { timeout: 120_000 }, async () => {
  const memoryBudget = process.memoryUsage.rss() + 400 * MIB;
  const { url } = await listen('misbehave', { memoryBudget, workers: 2 });
  const growing = Array.from({ length: 4 }, () => status(`${url}/grow?mib=350`));
  expect(await status(`${url}/ok`)).toBe(200);
  // Refused by the guest's own word, or ended.
  expect(Math.max(...(await Promise.all(growing)))).toBeGreaterThanOrEqual(500);
  expect(await status(`${url}/ok`)).toBe(200);
});

test('a guest alone is told that there is no more memory, and goes on', async () => {
  const memoryBudget = process.memoryUsage.rss() + 250 * MIB;
  const { url, errors } = await listen('misbehave', { memoryBudget, workers: 1 });
  const response = await fetch(`${url}/grow?mib=700`);
  expect(errors()).toEqual([]);
  expect(await response.text()).toMatch(/^refused after \d+ MiB$/);
  expect([response.status, errors()]).toEqual([507, []]);
});

test('while the process holds too much requests wait, or get 503 and word to come back', async () => {
  // Less than it holds already: one guest is let in, and is the largest.
  const memoryBudget = Math.max(64 * MIB, Math.floor(process.memoryUsage.rss() / 2));
  const { url, errors } = await listen('misbehave', { memoryBudget, workers: 1, queueLimit: 0 });
  expect(await status(`${url}/ok`)).toBe(200);
  const [held, refused] = await Promise.all([status(`${url}/sleep-forever`), fetch(`${url}/ok`)]);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(held).toBe(500);
  expect(errors().join()).toMatch(/GET \/sleep-forever: the process holds \d+ MiB, the limit is/);
  // Until the ended guest has left its place, clients are asked to come back.
  while ((await status(`${url}/ok`)) !== 200) await pause(10);
});

test.skipIf(process.platform !== 'linux')(
  'what a guest took is given back to the system',
  { timeout: 120_000 },
  async () => {
    const { url, pid } = await serve(fixture('misbehave'), ['--store', 'memory:', '--workers', '1']);
    for (let n = 0; n < 20; n++) expect(await status(`${url}/ok`)).toBe(200);
    const before = resident(pid);
    for (let n = 0; n < 3; n++) expect(await status(`${url}/grow?mib=300`)).toBe(200);
    // One more worker stands by meanwhile.
    while (resident(pid) > before + 150 * MIB) await pause(100);
  },
);
