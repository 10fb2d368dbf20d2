import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { rpc } from '../../support/mcp.ts';
import { listen } from '../../support/serving.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
afterAll(() => provider.shutdown());
beforeEach(() => exporter.reset());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const HTTP_TRACE = '1bf7651916cd43dd8448eb211c80319d';

async function spans(name: string, count = 1): Promise<ReadableSpan[]> {
  for (;;) {
    const found = exporter.getFinishedSpans().filter((span) => span.name === name);
    if (found.length >= count) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function send(url: string, message: object, headers: Record<string, string> = {}): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, ...message });
  const type = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  await (await fetch(`${url}/mcp`, { method: 'POST', body, headers: { ...type, ...headers } })).text();
}

const millis = ([seconds, nanos]: [number, number]): number => seconds * 1000 + nanos / 1e6;

test('a tool call is a span by the conventions, with its guest and its store operations as children', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', workers: 2 });
  const { session } = await rpc(url, 'initialize', {
    ...{ protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  });
  await rpc(url, 'tools/call', { name: 'counter', arguments: {} }, session);
  const [call] = await spans('tools/call counter');
  expect(call).toMatchObject({ kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } });
  expect(call!.attributes).toMatchObject({
    'mcp.method.name': 'tools/call',
    'gen_ai.tool.name': 'counter',
    'gen_ai.operation.name': 'execute_tool',
    'mcp.session.id': session!.slice(0, 8),
    'jsonrpc.request.id': expect.stringMatching(/^\d+$/),
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
  });
  const [opened] = await spans('initialize');
  expect(opened!.attributes['mcp.protocol.version']).toBe('2025-06-18');
  const { spanId, traceId } = call!.spanContext();
  const guest = (await spans('guest')).find(({ parentSpanContext }) => parentSpanContext?.spanId === spanId);
  expect(guest!.spanContext().traceId).toBe(traceId);
  const [read] = (await spans('kv get')).filter(
    ({ parentSpanContext }) => parentSpanContext?.spanId === guest!.spanContext().spanId,
  );
  expect(read!.attributes).toMatchObject({ 'db.operation.name': 'get' });
  for (const child of [guest!, read!]) {
    expect(millis(child.startTime)).toBeGreaterThanOrEqual(millis(call!.startTime));
    expect(millis(child.endTime)).toBeLessThanOrEqual(millis(call!.endTime) + 1);
  }
  const text = JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes));
  expect(text).not.toContain(session);
});

test('the parent is what the message names, and what the HTTP request names is linked', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  const params = { name: 'test_simple_text', arguments: {}, _meta: { traceparent: PARENT } };
  await send(url, { method: 'tools/call', params }, { traceparent: `00-${HTTP_TRACE}-c7ad6b7169203331-01` });
  const [call] = await spans('tools/call test_simple_text');
  expect(call!.spanContext().traceId).toBe(TRACE);
  expect(call!.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(call!.links).toMatchObject([{ context: { traceId: HTTP_TRACE, spanId: 'c7ad6b7169203331' } }]);
});

test('without a trace in the message, the parent is what the HTTP request names', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  const params = { name: 'test_simple_text', _meta: { traceparent: 'nonsense' } };
  await send(url, { method: 'tools/call', params }, { traceparent: `00-${HTTP_TRACE}-c7ad6b7169203331-01` });
  const [call] = await spans('tools/call test_simple_text');
  expect(call).toMatchObject({ parentSpanContext: { spanId: 'c7ad6b7169203331' }, links: [] });
});

test('errors of JSON-RPC, and tools that fail, are errors of the span', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  await send(url, { method: 'tools/call', params: { name: 'none' } });
  await send(url, { method: 'tools/call', params: { name: 'test_error_handling' } });
  const [unknown] = await spans('tools/call none');
  expect(unknown!.status.code).toBe(SpanStatusCode.ERROR);
  expect(unknown!.attributes).toMatchObject({ 'error.type': '-32602', 'rpc.response.status_code': '-32602' });
  const [failed] = await spans('tools/call test_error_handling');
  expect(failed!.attributes['error.type']).toBe('tool_error');
});

test('requests that a guest sends continue the trace, and are children', async () => {
  const received = Promise.withResolvers<IncomingMessage>();
  const target = createHttpServer((request, response) => {
    received.resolve(request);
    response.writeHead(404).end();
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  onTestFinished(() => void target.close());
  const { port } = target.address() as AddressInfo;
  // A guest that is no MCP server, and serves every method.
  const { url } = await listen('http-lab', { mcp: 'guide', outgoing: { loopback: true } });
  const to = encodeURIComponent(`http://127.0.0.1:${port}/`);
  const body = JSON.stringify({
    ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
    params: { name: 'x', _meta: { traceparent: PARENT } },
  });
  await (await fetch(`${url}/outgoing?url=${to}`, { method: 'POST', body })).text();
  const [call] = await spans('tools/call x');
  const { headers } = await received.promise;
  expect(headers.traceparent).toBe(`00-${TRACE}-${call!.spanContext().spanId}-01`);
  const [sent] = await spans('GET');
  expect(sent).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.ERROR } });
  expect(sent!.attributes).toMatchObject({
    ...{ 'http.request.method': 'GET', 'server.address': '127.0.0.1', 'server.port': port },
    ...{ 'http.response.status_code': 404, 'error.type': '404' },
  });
  expect(sent!.spanContext().traceId).toBe(TRACE);
});
