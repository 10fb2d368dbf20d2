import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fixture, serve } from '../../support/command.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { listen } from '../../support/serving.ts';
import { thisThread } from '../../support/this-thread.ts';

const MIB = 1024 * 1024;

async function status(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

test('concurrent growing guests share the budget, and others are served', { timeout: 120_000 }, async () => {
  const memoryBudget = process.memoryUsage.rss() + 400 * MIB;
  const { url } = await listen('misbehave', { memoryBudget, workers: 2 });
  // One that is ended after its head was sent has its response cut off.
  const growing = Array.from({ length: 4 }, () => status(`${url}/grow?mib=350`).catch(() => 500));
  expect(await status(`${url}/ok`)).toBe(200);
  // Either the guest reports the refusal, or it was ended.
  expect(Math.max(...(await Promise.all(growing)))).toBeGreaterThanOrEqual(500);
  expect(await status(`${url}/ok`)).toBe(200);
});

test('a single guest fails to grow its memory, and continues', async () => {
  const memoryBudget = process.memoryUsage.rss() + 250 * MIB;
  const { url, errors } = await listen('misbehave', { memoryBudget, workers: 1 });
  const response = await fetch(`${url}/grow?mib=700`);
  expect(errors()).toEqual([]);
  expect(await response.text()).toMatch(/^refused after \d+ MiB$/);
  expect([response.status, errors()]).toEqual([507, []]);
});

/**
 * With raw glue, guests take so long to start that their worker seems to be what grows, and is ended. On the thread of the tests,
 * what the test before held is returned meanwhile, and the process no longer uses too much.
 */
test.skipIf(rawGlue || thisThread)(
  'while the process uses too much memory, requests wait, or get 503 with Retry-After',
  async () => {
    // Less than the process already uses: one guest is admitted, and is the largest.
    const memoryBudget = Math.max(64 * MIB, Math.floor(process.memoryUsage.rss() / 2));
    const { server, url, errors } = await listen('misbehave', { memoryBudget, workers: 1, queueLimit: 0 });
    expect(await status(`${url}/ok`)).toBe(200);
    // On two connections, either of them could be admitted.
    const [held, refused] = await Promise.all(
      ['/sleep-forever', '/ok'].map((path) => server.fetch(new Request(`${url}${path}`))),
    );
    expect([refused!.status, refused!.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
    ]);
    expect(held!.status).toBe(500);
    expect(errors().join()).toMatch(/GET \/sleep-forever: the process holds \d+ MiB, the limit is/);
    // Until the ended guest has released its place, clients get 503.
    while ((await status(`${url}/ok`)) !== 200) await pause(10);
  },
);

test.skipIf(process.platform !== 'linux')(
  'the memory of a guest is returned to the system',
  { timeout: 120_000 },
  async () => {
    const { url, pid } = await serve(fixture('misbehave'), ['--store', 'memory:', '--workers', '1']);
    for (let n = 0; n < 20; n++) expect(await status(`${url}/ok`)).toBe(200);
    const before = resident(pid);
    for (let n = 0; n < 3; n++) expect(await status(`${url}/grow?mib=300`)).toBe(200);
    // One more standby worker has started meanwhile.
    while (resident(pid) > before + 150 * MIB) await pause(100);
  },
);
