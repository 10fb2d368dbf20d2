import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { receivedOperations } from '../../../host/index.ts';
import { createRequestObservers, type RequestObserver } from '../../../src/http/request-observers.ts';
import type { RequestRecord } from '../../../src/http/request-record.ts';
import type { RequestSummary } from '../../../src/index.ts';
import { temporaryFolder } from '../../support/command.ts';
import { callTool, initialize, rpc } from '../../support/mcp.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { create, type Listening, listen, type ServingOptions } from '../../support/serving.ts';

interface Observed extends Listening {
  /** Waits until so many requests are over, and returns their records in order. */
  ended(count: number): Promise<RequestRecord[]>;
}

async function observed(name: string, options: ServingOptions = {}): Promise<Observed> {
  const { observers, ended } = collect();
  return { ...(await listen(name, { ...options, observers })), ended };
}

function collect(): { observers: ReturnType<typeof createRequestObservers> } & Pick<Observed, 'ended'> {
  const observers = createRequestObservers();
  const records: RequestRecord[] = [];
  let news = Promise.withResolvers<void>();
  observers.add({
    ended(record) {
      records.push(record);
      news.resolve();
      news = Promise.withResolvers();
    },
  });
  return {
    observers,
    async ended(count) {
      while (records.length < count) await news.promise;
      return records.toSorted((a, b) => a.id - b.id);
    },
  };
}

test('a record has the request, its response, and where its time went', async () => {
  const { url, ended } = await observed('http-lab');
  await (await fetch(`${url}/echo?secret=1`, { method: 'POST', body: 'x'.repeat(1000) })).text();
  const [record] = await ended(1);
  expect(record).toMatchObject({ id: 1, method: 'POST', path: '/echo', status: 200, bytesIn: 1000 });
  expect(record!.bytesOut).toBeGreaterThanOrEqual(1000);
  expect(record!.error).toBeUndefined();
  const { total, queue, guest, ran } = record!;
  expect(Math.min(ran, guest, queue)).toBeGreaterThanOrEqual(0);
  expect(ran).toBeGreaterThan(0);
  expect(queue + ran).toBeLessThanOrEqual(total + 5);
});

test('the bytes of an upload are counted as they pass', async () => {
  const { url, ended } = await observed('http-lab');
  const body = 'x'.repeat(300_000);
  const echoed = await (await fetch(`${url}/echo?raw`, { method: 'POST', body })).text();
  expect(echoed.length).toBeGreaterThanOrEqual(body.length);
  expect((await ended(1))[0]).toMatchObject({ bytesIn: body.length, bytesOut: echoed.length });
});

test('the time that a guest waits counts as its own, its processor time does not', async () => {
  const { url, ended } = await observed('http-lab');
  await (await fetch(`${url}/sleep?ms=120`)).text();
  const [{ guest, cpu }] = (await ended(1)) as [RequestRecord];
  expect(guest).toBeGreaterThan(100);
  expect(cpu).toBeGreaterThan(0);
  expect(cpu).toBeLessThan(guest);
});

test('refused and failed requests have records as well, with the reason of a failure', async () => {
  const { url, ended } = await observed('http-lab', { maxBody: 10, allowHosts: [] });
  const refused = await fetch(url, { headers: { origin: 'https://evil.example' } });
  const refusedBytes = (await refused.text()).length;
  await (await fetch(url, { method: 'POST', body: 'x'.repeat(11) })).text();
  await (await fetch(`${url}/error?code=internal-error`)).text();
  const [first, second, third] = await ended(3);
  expect(first).toMatchObject({ status: 403, bytesOut: refusedBytes, ran: 0 });
  expect(second).toMatchObject({ status: 413, ran: 0 });
  expect(third).toMatchObject({ status: 500, error: expect.stringMatching(/^guest-/) });
});

test('a client that leaves is recorded once its guest has ended', async () => {
  const { url, ended } = await observed('http-lab');
  const sent = request(`${url}/sleep?ms=2000`).on('error', () => {});
  sent.end();
  await once(sent, 'socket');
  while ((await fetch(`${url}/env`)).status !== 200);
  sent.destroy();
  const left = (await ended(2)).find(({ status }) => status === 0);
  expect(left).toMatchObject({ path: '/sleep', error: 'aborted' });
});

test('the record of a message has its method, its tool, and the beginning of the session only', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url, ended } = await observed('notes-draft', { store, mcp: 'guide' });
  const session = await initialize(url);
  await callTool(url, session, 'counter', {});
  const [opened, called] = await ended(2);
  expect(opened!.mcp).toMatchObject({ method: 'initialize', protocolVersion: '2025-06-18' });
  expect(opened!.session).toBe(session.slice(0, 8));
  expect(called!.mcp).toMatchObject({ method: 'tools/call', target: 'counter' });
  expect(called!.session).toBe(session.slice(0, 8));
  expect(called!.gate).toBeGreaterThan(0);
});

test('facts are read from a body in pieces, too, and what continues a trace', async () => {
  const { url, ended } = await observed('notes-draft', { mcp: 'guide' });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const message = {
    ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
    params: { arguments: { text: 'x'.repeat(20_000) }, name: 'forged\n"tool', _meta: { traceparent } },
  };
  const sent = request(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25' },
  });
  const text = JSON.stringify(message);
  sent.write(text.slice(0, 10_000));
  sent.end(text.slice(10_000));
  const [response] = await once(sent, 'response');
  response.resume();
  const [record] = await ended(1);
  expect(record!.mcp).toEqual({
    ...{ method: 'tools/call', target: 'forged\n"tool', protocolVersion: '2025-11-25' },
    ...{ traceparent, tracestate: undefined, requestId: '1' },
  });
  expect(record!.bytesIn).toBe(text.length);
});

test('requests of one session that wait for each other wait in the queue', async () => {
  const { url, ended } = await observed('notes-draft', { mcp: 'guide' });
  const session = await initialize(url);
  const calls = Array.from({ length: 5 }, () =>
    rpc(url, 'tools/call', { name: 'test_tool_with_logging', arguments: {} }, session),
  );
  await Promise.all(calls);
  const waited = (await ended(6)).map(({ queue }) => queue).sort((a, b) => a - b);
  // Each takes 150 ms.
  expect(waited.at(-1)).toBeGreaterThan(300);
});

test('requests without a socket have records, and an observer that throws harms nobody', async () => {
  const { observers, ended } = collect();
  const seen: string[] = [];
  const harmful: RequestObserver = {
    began() {
      throw new Error('broken');
    },
  };
  observers.add(harmful);
  const remove = observers.add({ answered: ({ path }) => seen.push(path) });
  const { server } = await create('http-lab', { observers });
  const get = async (path: string): Promise<void> =>
    void (await (await server.fetch(new Request(`http://localhost/${path}`))).text());
  await get('env');
  remove();
  await get('status?code=404');
  expect(await ended(2)).toMatchObject([
    { path: '/env', status: 200 },
    { path: '/status', status: 404 },
  ]);
  expect(seen).toEqual(['/env']);
});

test('while nobody observes there are no records', async () => {
  const observers = createRequestObservers();
  const remove = observers.add({});
  remove();
  expect(observers.begin({ method: 'GET', path: '/', headers: [] })).toBeUndefined();
  const count = observers.add({});
  onTestFinished(count);
  expect(observers.begin({ method: 'GET', path: '/?a=1', headers: [] })).toMatchObject({ id: 1, path: '/' });
});

test('an error of JSON-RPC and a tool that fails are failures, and tools that are listed are known', async () => {
  const { url, ended } = await observed('notes-draft', { mcp: 'guide' });
  const session = await initialize(url);
  await rpc(url, 'tools/list', {}, session);
  await rpc(url, 'tools/call', { name: 'no-such-tool', arguments: {} }, session);
  await rpc(url, 'tools/call', { name: 'test_error_handling', arguments: {} }, session);
  await callTool(url, session, 'test_simple_text');
  const records = await ended(5);
  expect(records.map(({ error }) => error)).toEqual([
    ...[undefined, undefined, '-32602', 'tool_error'],
    undefined,
  ]);
  expect(records[1]!.tools).toContain('test_error_handling');
});

test.each(rawGlue ? [{ workers: 2 }] : [{ workers: 0 }, { workers: 2 }])(
  'each operation on the store is recorded with $workers workers',
  async ({ workers }) => {
    const { url, ended } = await observed('kv-draft2', { workers });
    await fetch(`${url}/set?key=a`, { method: 'POST', body: '1' });
    await fetch(`${url}/increment?key=a`, { method: 'POST' });
    await fetch(`${url}/cas-race?key=b`, { method: 'POST' });
    await fetch(`${url}/increment?key=word`, { method: 'POST' });
    await fetch(`${url}/set?key=word`, { method: 'POST', body: 'x' });
    await fetch(`${url}/increment?key=word`, { method: 'POST' });
    const records = await ended(6);
    const done = records.map(({ operations }) => operations.map(({ name, outcome }) => `${name} ${outcome}`));
    expect(done[0]).toEqual(['set ok']);
    expect(done[1]).toEqual(['increment ok']);
    expect(done[2]).toContain('swap changed');
    expect(done[5]).toEqual(['increment not-a-number']);
    expect(records[0]!.store).toBeGreaterThan(0);
  },
);

test('each operation is reported, however many a guest makes; a record keeps the first ones', async () => {
  const { observers, ended } = collect();
  const names: string[] = [];
  observers.add({
    operations: (sent, from) => names.push(...receivedOperations(sent, from).map(({ name }) => name)),
  });
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url } = await listen('waits', { observers, store });
  const calls = Number.parseInt(await (await fetch(`${url}/busy?call=get&ms=1000`)).text(), 10);
  const [record] = await ended(1);
  expect(names).toHaveLength(calls);
  expect(record!.operations).toHaveLength(Math.min(calls, 256));
});

test('the library reports each request to `onRequest`, without anything that could be used', async () => {
  const reported = Promise.withResolvers<RequestSummary>();
  const { server } = await create('http-lab', { onRequest: reported.resolve });
  const sent = new Request('http://localhost/env?token=secret', {
    headers: { authorization: 'Bearer secret' },
  });
  await (await server.fetch(sent)).text();
  const request = await reported.promise;
  expect(request).toMatchObject({ id: 1, method: 'GET', path: '/env', status: 200, bytesIn: 0 });
  expect(Math.abs(request.time - Date.now())).toBeLessThan(60_000);
  expect(JSON.stringify(request)).not.toContain('secret');
});
