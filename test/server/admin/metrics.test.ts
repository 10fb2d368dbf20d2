import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createMonitor, type Monitor } from '../../../src/server/admin/monitor.ts';
import { fixture, serve, temporaryFolder } from '../../support/command.ts';
import { callTool, initialize, rpc } from '../../support/mcp.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { type Listening, listen, type ServingOptions } from '../../support/serving.ts';
import { thisThread } from '../../support/this-thread.ts';

interface Measured extends Listening {
  /** The sum of the samples of this name with these labels; 0 if there are none. */
  value(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Waits until it has this value. */
  reaches(count: number, name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  readonly monitor: Monitor;
}

async function measured(name: string, options: ServingOptions = {}): Promise<Measured> {
  const monitor = createMonitor();
  onTestFinished(monitor.close);
  const serving = await listen(name, { ...options, monitor });
  const value: Measured['value'] = async (wanted, labels = {}) => {
    let sum = 0;
    for (const line of (await monitor.metrics()).split('\n')) {
      const [, found, text = '', number] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, a, b]) => [a, b]));
      const matches = Object.entries(labels).every(([label, is]) => pairs[label] === is);
      if (found === wanted && matches) sum += Number(number);
    }
    return sum;
  };
  return {
    ...serving,
    monitor,
    value,
    async reaches(count, wanted, labels) {
      const limit = performance.now() + 20_000;
      while ((await value(wanted, labels)) < count && performance.now() < limit);
      expect([wanted, labels, await value(wanted, labels)]).toEqual([wanted, labels, count]);
    },
  };
}

const MCP = 'mcp_server_operation_duration_seconds_count';

test('after a load of known counts every counter is exact, with several workers', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url, reaches, value } = await measured('notes-draft', { store, mcp: 'guide', workers: 2 });
  const sessions = await Promise.all(Array.from({ length: 4 }, () => initialize(url)));
  await rpc(url, 'tools/list', {}, sessions[0]);
  const each = async (count: number, work: (session: string) => Promise<unknown>): Promise<void> => {
    await Promise.all(
      sessions.map(async (session) => {
        for (let n = 0; n < count; n++) await work(session);
      }),
    );
  };
  await each(25, (session) => callTool(url, session, 'counter'));
  await each(5, (session) => callTool(url, session, 'preference_get', { name: 'x' }));
  await each(3, (session) => rpc(url, 'tools/call', { name: 'test_error_handling', arguments: {} }, session));
  await each(2, (session) => rpc(url, 'tools/call', { name: `made-up-${session}`, arguments: {} }, session));
  await each(2, (session) => rpc(url, `made/up/${session}`, {}, session));
  await Promise.all(Array.from({ length: 7 }, async () => (await fetch(url)).text()));
  await each(1, async (session) =>
    (await fetch(`${url}/mcp`, { method: 'DELETE', headers: { 'mcp-session-id': session } })).text(),
  );
  const total = 4 + 1 + 100 + 20 + 12 + 8 + 8 + 7 + 4;
  // The edge asks the guest whose session it is before each DELETE.
  const guests = total + 4;
  await reaches(guests, 'wasmcp_node_guest_cpu_seconds_count');
  await reaches(total, 'http_server_request_duration_seconds_count');
  await reaches(7, 'http_server_request_duration_seconds_count', { http_request_method: 'GET' });
  await reaches(4, 'http_server_request_duration_seconds_count', {
    ...{ http_request_method: 'DELETE', http_response_status_code: '200' },
  });
  await reaches(total, 'wasmcp_node_request_duration_seconds_count');
  await reaches(total - 7, 'wasmcp_node_requests_total', { status: '2xx' });
  await reaches(7, 'wasmcp_node_requests_total', { status: '4xx' });
  await reaches(total - 11, MCP);
  await reaches(4, MCP, { mcp_method_name: 'initialize', mcp_protocol_version: '2025-06-18' });
  const call = { mcp_method_name: 'tools/call' };
  await reaches(100, MCP, { ...call, gen_ai_tool_name: 'counter', error_type: '' });
  await reaches(20, MCP, { ...call, gen_ai_tool_name: 'preference_get', error_type: '' });
  await reaches(12, MCP, { ...call, gen_ai_tool_name: 'test_error_handling', error_type: 'tool_error' });
  await reaches(8, MCP, { ...call, gen_ai_tool_name: 'other', error_type: '-32602' });
  await reaches(8, MCP, { mcp_method_name: 'other' });
  await reaches(4, 'wasmcp_node_sessions_opened_total');
  await reaches(4, 'wasmcp_node_sessions_ended_total');
  await reaches(0, 'wasmcp_node_requests_in_flight');
  await reaches(total, 'wasmcp_node_queue_wait_seconds_count');
  expect(await value('wasmcp_node_gate_wait_seconds_count')).toBeGreaterThan(0);
  // Each instance was restored after its request, or discarded, unless each request has an instance of its own.
  const after =
    (await value('wasmcp_node_instances_restored_total')) +
    (await value('wasmcp_node_instances_discarded_total'));
  expect(after).toBe(rawGlue ? 0 : guests);
  // Each thread makes two at least, before one of them is used again.
  expect(await value('wasmcp_node_instances_created_total')).toBeGreaterThanOrEqual(thisThread ? 2 : 4);
});

test('each operation on the store is counted by its kind and outcome, with several workers', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url, reaches, value } = await measured('kv-draft2', { store, workers: 2 });
  const ask = async (path: string, body?: string): Promise<void> =>
    void (await (await fetch(`${url}/${path}`, { method: 'POST', ...(body && { body }) })).text());
  await Promise.all(Array.from({ length: 30 }, (_, n) => ask(`set?key=k${n}`, 'x')));
  await Promise.all(Array.from({ length: 40 }, (_, n) => ask(`get?key=k${n}`)));
  await Promise.all(Array.from({ length: 11 }, () => ask('increment?key=n')));
  await Promise.all(Array.from({ length: 6 }, () => ask('increment?key=k1')));
  await ask('get-many?key=k1&key=k2');
  const name = 'wasmcp_node_store_operation_duration_seconds_count';
  await reaches(30, name, { operation: 'set', outcome: 'ok' });
  await reaches(40, name, { operation: 'get', outcome: 'ok' });
  await reaches(11, name, { operation: 'increment', outcome: 'ok' });
  await reaches(6, name, { operation: 'increment', outcome: 'not-a-number' });
  await reaches(1, name, { operation: 'get-many', outcome: 'ok' });
  await reaches(88, name);
  expect(await value('wasmcp_node_store_operation_duration_seconds_sum')).toBeGreaterThan(0);
});

test('outgoing requests are counted by their outcome', async () => {
  const target = createHttpServer((request, response) => {
    response.statusCode = Number(request.url!.slice(1));
    response.end('x');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void target.close());
  const origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const { url, reaches } = await measured('http-lab', { outgoing: { loopback: true } });
  const send = async (to: string): Promise<void> =>
    void (await (await fetch(`${url}/outgoing?url=${encodeURIComponent(to)}`)).text());
  for (const status of [200, 200, 404]) await send(`${origin}/${status}`);
  await send('http://10.0.0.1/');
  await send('http://127.0.0.1:1/');
  const name = 'wasmcp_node_outgoing_request_duration_seconds_count';
  await reaches(2, name, { http_request_method: 'GET', outcome: '200' });
  await reaches(1, name, { outcome: '404' });
  await reaches(1, name, { outcome: 'HTTP-request-denied' });
  await reaches(5, name);
});

test.skipIf(rawGlue)('instances that are discarded are counted by reason', async () => {
  const { url, reaches } = await measured('misbehave', { workers: 1 });
  for (const path of ['ok', 'trap', 'trap', 'panic', 'ok']) await (await fetch(`${url}/${path}`)).text();
  await reaches(3, 'wasmcp_node_instances_discarded_total', { reason: 'poisoned' });
  await reaches(2, 'wasmcp_node_instances_restored_total');
  await reaches(3, 'http_server_request_duration_seconds_count', { http_response_status_code: '500' });
});

test('clients cannot make up time series', async () => {
  const { url, monitor, reaches } = await measured('notes-draft', { mcp: 'guide' });
  for (let n = 0; n < 20; n++) {
    const headers = { 'mcp-protocol-version': `x${n}` };
    const message = { jsonrpc: '2.0', id: 1, method: `m${n}`, params: { name: `t${n}` } };
    await (await fetch(`${url}/p${n}`, { method: 'POST', body: JSON.stringify(message), headers })).text();
  }
  await reaches(20, MCP);
  expect((await monitor.metrics()).match(new RegExp(`^${MCP}\\{`, 'gm'))).toHaveLength(1);
});

test('the memory, the heap and the event loop are reported', async () => {
  const { value } = await measured('http-lab', { memoryBudget: 1024 ** 3 });
  expect(await value('wasmcp_node_memory_budget_bytes')).toBe(1024 ** 3);
  expect(await value('wasmcp_node_memory_held_bytes')).toBeGreaterThan(1024 ** 2);
  for (const name of ['used', 'limit'])
    expect(await value(`nodejs_heap_size_${name}_bytes`)).toBeGreaterThan(1024 ** 2);
  do {
    // A timer measures it, from its first turn after a scrape on.
    await delay(60);
    const end = performance.now() + 150;
    while (performance.now() < end);
    await delay(60);
  } while ((await value('nodejs_eventloop_lag_max_seconds')) < 0.1);
});

test('with --metrics-token-file, /metrics needs the token, and the other paths do not', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'token');
  const token = 'a-token-of-sixteen-characters';
  writeFileSync(file, `${token}\n`);
  const { text, stop } = await serve(fixture('http-lab'), [
    ...['--store', 'memory:', '--admin-addr', '127.0.0.1:0', '--metrics-token-file', file],
  ]);
  const [, admin] = /(http:\S+)\/$/m.exec(text.stderr)!;
  const status = async (path: string, authorization?: string): Promise<number> =>
    (await fetch(`${admin}${path}`, { headers: { ...(authorization && { authorization }) } })).status;
  expect(await status('/metrics')).toBe(401);
  expect(await status('/metrics', 'Bearer wrong-token-of-sixteen')).toBe(401);
  expect(await status('/metrics', `Bearer ${token}`)).toBe(200);
  expect(await status('/healthz')).toBe(200);
  expect(await status('/readyz')).toBe(200);
  expect((await stop()).status).toBe(0);
});
