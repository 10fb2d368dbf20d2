import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/index.ts';
import { type Admin, openAdmin } from '../../../src/server/admin/admin.ts';
import { createServer } from '../../../src/server/server.ts';
import { temporaryFolder } from '../../support/command.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { component } from '../../support/serving.ts';

interface Looked {
  readonly admin: Admin;
  readonly server: Server;
}

async function watched(name: string, options: ServerOptions = {}): Promise<Looked> {
  const admin = await openAdmin({ port: 0, host: '127.0.0.1' });
  onTestFinished(admin.close);
  const server = createServer(
    await component(name),
    {
      store: 'memory:',
      ...options,
    },
    { monitor: admin.monitor },
  );
  onTestFinished(() => server.close(0));
  return { admin, server };
}

/** Metrics by name with labels. */
async function metrics({ admin }: Looked): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${admin.url}metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

async function ready({ admin }: Looked): Promise<unknown[]> {
  const response = await fetch(`${admin.url}readyz`);
  return [response.status, await response.json()];
}

test('is ready after the start, and not while the last requests are served', async () => {
  const looked = await watched('http-lab');
  expect(await ready(looked)).toEqual([503, { phase: 'starting' }]);
  const url = await looked.server.listen(0);
  expect(await ready(looked)).toEqual([200, { phase: 'ready' }]);
  const response = await fetch(`${url}stream?n=3&ms=100&size=1`);
  const closed = looked.server.close(5000);
  expect(await ready(looked)).toEqual([503, { phase: 'draining' }]);
  expect((await fetch(`${looked.admin.url}healthz`)).status).toBe(200);
  await response.text();
  await closed;
});

test('health reports the version, the phase and the store', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const looked = await watched('http-lab', { store, durability: 'process' });
  const health = async (): Promise<unknown> => (await fetch(`${looked.admin.url}healthz`)).json();
  expect(await health()).toMatchObject({ phase: 'starting', store: 'not open' });
  await looked.server.listen(0);
  expect(await health()).toMatchObject({
    version: expect.stringMatching(/^\d/),
    phase: 'ready',
    store: 'ok',
    durability: 'process',
    uptime: expect.any(Number),
  });
});

test('requests are counted by class and by duration, including those that no guest sees', async () => {
  const looked = await watched('http-lab');
  const url = await looked.server.listen(0);
  await (await fetch(`${url}status?code=204`)).text();
  await (await fetch(`${url}sleep?ms=60`)).text();
  await (await fetch(`${url}status?code=404`)).text();
  await (await fetch(url, { headers: { origin: 'https://evil.example' } })).text();
  const leaving = new AbortController();
  const left = fetch(`${url}sleep?ms=60000`, { signal: leaving.signal }).catch(() => {});
  while ((await metrics(looked)).get('wasmcp_node_guests') !== 1);
  expect((await metrics(looked)).get('wasmcp_node_requests_in_flight')).toBe(1);
  leaving.abort();
  await left;
  while ((await metrics(looked)).get('wasmcp_node_requests_in_flight') !== 0);
  const counted = await metrics(looked);
  const requests = (status: string): unknown => counted.get(`wasmcp_node_requests_total{status="${status}"}`);
  expect(['2xx', '3xx', '4xx', '5xx', 'aborted'].map(requests)).toEqual([2, 0, 2, 0, 1]);
  const bucket = (le: string): number =>
    counted.get(`wasmcp_node_request_duration_seconds_bucket{le="${le}"}`)!;
  expect(bucket('+Inf')).toBe(5);
  expect(counted.get('wasmcp_node_request_duration_seconds_count')).toBe(5);
  // The one that slept is not among those up to 50 ms.
  expect(bucket('0.05')).toBeLessThanOrEqual(4);
  expect(counted.get('wasmcp_node_request_duration_seconds_sum')).toBeGreaterThan(0.06);
});

test('the processor time and the units of guests are reported, not the time in which they wait', async () => {
  const looked = await watched('http-lab', { workers: 1 });
  const url = await looked.server.listen(0);
  const used = async (path: string): Promise<{ seconds: number; units: number; count: number }> => {
    const before = await metrics(looked);
    await (await fetch(`${url}${path}`)).text();
    const name = 'wasmcp_node_guest_cpu_seconds_count';
    let after = await metrics(looked);
    while (after.get(name) === before.get(name)) after = await metrics(looked);
    const grown = (key: string): number => after.get(key)! - before.get(key)!;
    return {
      count: grown(name),
      seconds: grown('wasmcp_node_guest_cpu_seconds_sum'),
      units: grown('wasmcp_node_guest_units_total'),
    };
  };
  const quick = await used('env');
  const large = await used('big?bytes=3000000');
  const asleep = await used('sleep?ms=400');
  expect([quick.count, large.count, asleep.count]).toEqual([1, 1, 1]);
  expect(quick.units).toBeGreaterThan(0);
  expect(large.units).toBeGreaterThan(2 * quick.units);
  expect(large.seconds).toBeGreaterThan(0);
  expect(asleep.seconds).toBeGreaterThan(0);
  expect(asleep.seconds).toBeLessThan(0.3);
});

test('guests, queue, workers, syncs and the size of the store are reported', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const looked = await watched('kv-draft', { store, workers: 2 });
  const url = await looked.server.listen(0);
  while ((await metrics(looked)).get('wasmcp_node_workers{state="serving"}') !== 2);
  const before = await metrics(looked);
  expect(before.get('wasmcp_node_requests_waiting')).toBe(0);
  await (await fetch(`${url}set?key=k`, { method: 'POST', body: 'x'.repeat(100_000) })).text();
  const after = await metrics(looked);
  const grown = (name: string): number => after.get(name)! - before.get(name)!;
  expect(grown('wasmcp_node_store_syncs_total')).toBeGreaterThan(0);
  expect(grown('wasmcp_node_store_bytes{file="log"}')).toBeGreaterThan(100_000);
  expect(after.get('wasmcp_node_store_bytes{file="database"}')).toBeGreaterThan(0);
  expect(after.get('wasmcp_node_sessions_purged_total')).toBe(0);
});

test('a request that opens a session waits for one sync, although several guests write for it', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const looked = await watched('notes-draft', { store, mcp: 'guide' });
  const url = await looked.server.listen(0);
  const name = 'wasmcp_node_store_syncs_total';
  const before = (await metrics(looked)).get(name)!;
  const response = await fetch(`${url}mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'cart_add', arguments: { item: 'a pen', quantity: 1 } },
    }),
  });
  expect([response.status, response.headers.get('mcp-session-id')]).toEqual([200, expect.any(String)]);
  await response.text();
  expect((await metrics(looked)).get(name)! - before).toBe(1);
});

describe('only monitoring requests are served:', () => {
  async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
    const { admin } = await watched('http-lab');
    const { hostname, port } = new URL(admin.url);
    const sent = request({ hostname, port, method, path, headers }).end();
    const [response] = await once(sent, 'response');
    await text(response);
    return response.statusCode;
  }

  test.each<[string, () => Promise<number>, number]>([
    ['a page by DNS rebinding', () => ask('GET', '/metrics', { host: 'rebound.example' }), 403],
    ['a page of another site', () => ask('GET', '/metrics', { origin: 'https://evil.example' }), 403],
    ['another path', () => ask('GET', '/index.html'), 404],
    ['another method', () => ask('POST', '/metrics'), 405],
    ['HEAD', () => ask('HEAD', '/readyz?full'), 503],
  ])('%s', async (_, asked, status) => {
    expect(await asked()).toBe(status);
  });
});

test('guests do not get these paths, and keep their own paths of the same names', async () => {
  const looked = await watched('http-lab');
  const url = await looked.server.listen(0);
  const response = await fetch(`${url}healthz`);
  expect(response.status).not.toBe(200);
  expect(await ready(looked)).toEqual([200, { phase: 'ready' }]);
});

test('a broken store is reported', async () => {
  const looked = await watched('http-lab');
  looked.admin.monitor.attach(() => ({
    phase: 'store-broken',
    storeUrl: 'sqlite:/x',
    storeGuarantee: { durability: 'power' },
    load: undefined,
    purgedSessions: 0,
    sessions: undefined,
  }));
  expect(await ready(looked)).toEqual([503, { phase: 'store-broken' }]);
  expect(await (await fetch(`${looked.admin.url}healthz`)).json()).toMatchObject({ store: 'broken' });
});

test('waiting requests are counted in all queues', async () => {
  const looked = await watched('misbehave', { liveLimit: 1, mcp: 'guide' });
  const url = await looked.server.listen(0);
  const leaving = new AbortController();
  const ask = (init: RequestInit): void =>
    void fetch(`${url}sleep-forever`, { ...init, signal: leaving.signal }).catch(() => {});
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  // A ping may use a reserved place when others must wait. The other pings wait ahead of all other requests.
  for (let n = 0; n < 20; n++) ask({ method: 'POST', headers: { 'mcp-session-id': 's' }, body: ping });
  while ((await metrics(looked)).get('wasmcp_node_requests_in_flight') !== 20);
  expect((await metrics(looked)).get('wasmcp_node_guests')).toBe(17);
  expect((await metrics(looked)).get('wasmcp_node_requests_waiting')).toBe(3);
  ask({});
  while ((await metrics(looked)).get('wasmcp_node_requests_in_flight') !== 21);
  expect((await metrics(looked)).get('wasmcp_node_requests_waiting')).toBe(4);
  leaving.abort();
});

test.skipIf(rawGlue)('guests on the thread of the server are no workers', async () => {
  const looked = await watched('http-lab', { workers: 0 });
  await (await fetch(`${await looked.server.listen(0)}env`)).text();
  const shown = await metrics(looked);
  expect(shown.get('wasmcp_node_workers{state="serving"}')).toBe(0);
  expect(shown.get('wasmcp_node_workers{state="starting"}')).toBe(0);
  expect(shown.get('wasmcp_node_guests')).toBe(0);
});
