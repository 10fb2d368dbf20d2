import { join } from 'node:path';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { RequestSummary } from '../../../src/index.ts';
import { createMonitor } from '../../../src/server/admin/monitor.ts';
import { temporaryFolder } from '../../support/command.ts';
import { listen, type ServingOptions } from '../../support/serving.ts';

const KIB = 1024;

/**
 * http-lab as an MCP server: what it returns is what it was sent, a request and an event with its response. In an event stream, the line
 * with the request is no field; in the request, what follows the message is not read.
 */
async function echo(
  options: ServingOptions = {},
): Promise<(request: string, response?: string) => Promise<void>> {
  const { url } = await listen('http-lab', { mcp: 'strict', maxBody: 8 * KIB ** 2, ...options });
  return async (request, response = '"result":{}') => {
    const body = `{"jsonrpc":"2.0","id":1,${request}}\n\ndata: {"jsonrpc":"2.0","id":1,${response}}\n\n`;
    const headers = { 'content-type': 'text/event-stream' };
    const echoed = await fetch(`${url}/echo?raw=1`, { method: 'POST', body, headers });
    expect(await echoed.text()).toBe(body);
  };
}

/** What the library reports of these messages, in their order. */
async function reported(
  ...messages: readonly (readonly [request: string, response?: string])[]
): Promise<RequestSummary[]> {
  const requests: RequestSummary[] = [];
  let news = Promise.withResolvers<void>();
  const send = await echo({
    onRequest(request) {
      requests.push(request);
      news.resolve();
    },
  });
  for (const message of messages) {
    news = Promise.withResolvers();
    await send(...message);
    await news.promise;
  }
  return requests;
}

const CALL = '"method":"tools/call"';
const padding = (bytes: number): string => `"padding":"${'x'.repeat(bytes)}"`;

test('the first 64 KiB of a message are read for its facts', async () => {
  const named = (bytes: number): [string] => [`${CALL},"params":{${padding(bytes)},"name":"late"}`];
  const [read, cut] = await reported(named(63 * KIB), named(64 * KIB));
  expect(read).toMatchObject({ mcpMethod: 'tools/call', tool: 'late' });
  expect(cut).toMatchObject({ mcpMethod: 'tools/call', tool: undefined });
});

test('the first 1 MiB of a response is read for its outcome', async () => {
  const failed = (bytes: number): [string, string] => [CALL, `"result":{${padding(bytes)},"isError":true}`];
  const [read, cut] = await reported(failed(1023 * KIB), failed(1024 * KIB));
  expect(read).toMatchObject({ mcpMethod: 'tools/call', error: 'tool_error' });
  expect(cut).toMatchObject({ mcpMethod: 'tools/call', error: undefined });
});

test('500 tools have time series of their own, however many the server lists', async () => {
  const monitor = createMonitor();
  onTestFinished(monitor.close);
  const send = await echo({ monitor });
  const tools = Array.from({ length: 600 }, (_, n) => ({ name: `tool-${n}` }));
  await send('"method":"tools/list"', `"result":${JSON.stringify({ tools })}`);
  await Promise.all(tools.map(({ name }) => send(`${CALL},"params":{"name":"${name}"}`)));
  const samples = await monitor.metrics();
  const count = (tool: string): number => {
    const name = 'mcp_server_operation_duration_seconds_count';
    const line = new RegExp(`^${name}\\{.*gen_ai_tool_name="${tool}".* (\\d+)$`, 'm').exec(samples);
    return Number(line?.[1] ?? 0);
  };
  expect([count('tool-0'), count('tool-499'), count('tool-500')]).toEqual([1, 1, 0]);
  expect(count('other')).toBe(100);
});

test('256 operations of a message are spans', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  afterAll(() => provider.shutdown());
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url } = await listen('waits', { mcp: 'strict', store });
  const body = `{"jsonrpc":"2.0","id":1,${CALL},"params":{"name":"x"}}`;
  const response = await fetch(`${url}/busy?call=get&ms=1000`, { method: 'POST', body });
  expect(Number.parseInt(await response.text(), 10)).toBeGreaterThan(256);
  const named = (name: string): number =>
    exporter.getFinishedSpans().filter((span) => span.name === name).length;
  while (named('tools/call x') === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(named('kv get')).toBe(256);
});
