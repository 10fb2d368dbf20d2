import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { program } from '../support/program.ts';

const MIB = 1024;
const HOSTILE: string = join(import.meta.dirname, '../../fixtures/hostile.wasm');

/** In KiB. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

async function get(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

test.runIf(process.platform === 'linux')(
  'five requests that leave 16 bodies of 63 MiB unsent do not keep the memory',
  { timeout: 120_000 },
  async () => {
    const server = program([
      'serve',
      HOSTILE,
      '--addr',
      '127.0.0.1:0',
      '--store',
      'memory:',
      '--workers',
      '1',
    ]);
    await server.said('Serving HTTP on ', 'stderr');
    const url = /Serving HTTP on (http:\S+)\//.exec(server.text.stderr)![1]!;
    for (let n = 0; n < 20; n += 1) expect(await get(`${url}/ok`)).toBe(200);
    const before = resident(server.child.pid!);
    for (let n = 0; n < 5; n += 1) await get(`${url}/unsent-bodies?n=16&mib=63`);
    expect(await get(`${url}/ok`)).toBe(200);
    await expect
      .poll(() => resident(server.child.pid!) - before, { timeout: 20_000 })
      .toBeLessThan(250 * MIB);
  },
);

test.runIf(process.platform === 'linux')(
  'the memories of a worker’s last guest are returned to the system once its request is over',
  { timeout: 60_000 },
  async () => {
    const server = program([
      ...['serve', HOSTILE, '--addr', '127.0.0.1:0', '--store', 'memory:', '--workers', '1'],
    ]);
    await server.said('Serving HTTP on ', 'stderr');
    const url = /Serving HTTP on (http:\S+)\//.exec(server.text.stderr)![1]!;
    for (let n = 0; n < 20; n += 1) expect(await get(`${url}/ok`)).toBe(200);
    const before = resident(server.child.pid!);
    expect(await get(`${url}/grow?mib=500&ms=10`)).toBe(200);
    await expect
      .poll(() => resident(server.child.pid!) - before, { timeout: 12_000 })
      .toBeLessThan(150 * MIB);
  },
);

test('a guest that exceeds its budget gets a message that names the option of the budget', async () => {
  const server = program([
    ...['serve', HOSTILE, '--addr', '127.0.0.1:0', '--store', 'memory:', '--workers', '1'],
    ...['--max-host-memory', '2MiB'],
  ]);
  await server.said('Serving HTTP on ', 'stderr');
  const url = /Serving HTTP on (http:\S+)\//.exec(server.text.stderr)![1]!;
  expect(await get(`${url}/pollables`)).toBe(500);
  await server.said('the limit is 2097152 (--max-host-memory)', 'stderr');
  expect(await get(`${url}/ok`)).toBe(200);
});
