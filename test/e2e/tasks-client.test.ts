import { randomUUID } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  createTaskSessionFromClient,
  type RawClientDispatch,
  resultFromTaskOutcome,
  type TaskEnabledSession,
} from '@modelcontextprotocol/ext-tasks/client';
import { expect, onTestFinished, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';

const CLIENT = { name: 'test', version: '1' };
const CAPABILITIES = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

interface Framed {
  readonly method: string;
  readonly params: { readonly name?: string; readonly taskId?: string };
}

/** Sends messages of the extension, which the client itself does not know. */
function dispatchTo(url: string): RawClientDispatch {
  return async (message, options) => {
    const { method, params } = message as unknown as Framed;
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': params.name ?? params.taskId ?? '',
      },
      body: JSON.stringify({ ...(message as object), jsonrpc: '2.0', id: randomUUID() }),
      ...(options?.signal && { signal: options.signal }),
    });
    const { result, error } = await response.json();
    return error === undefined ? { kind: 'result', result } : { kind: 'error', error };
  };
}

async function connect(): Promise<TaskEnabledSession> {
  const options = ['--mcp', 'guide', '--store', 'memory:', '--task-after', '300ms'];
  const { url } = await serve(fixture('notes-draft'), options);
  const client = new Client(CLIENT, { versionNegotiation: { mode: 'auto' }, capabilities: CAPABILITIES });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  const session = createTaskSessionFromClient(client, {
    endpointId: 'test',
    rawDispatch: dispatchTo(url),
    v2RequestFraming: {
      ...{ protocolVersion: '2026-07-28', clientInfo: CLIENT, clientCapabilities: CAPABILITIES },
    },
  });
  onTestFinished(async () => {
    await session.close();
    await client.close();
  });
  return session;
}

test('the official package for tasks gets results of tools, whether they become tasks or not', async () => {
  const session = await connect();
  const quick = await session.callTool('greet', { name: 'World' });
  expect(quick.kind).toBe('immediate');
  const { outcome: greeting } = await quick.settle();
  expect(resultFromTaskOutcome(greeting).content).toEqual([{ type: 'text', text: 'Hello, World!' }]);

  const slow = await session.callTool('slow_compute', { seconds: 1, label: 'primes' });
  expect(slow.kind).toBe('task');
  const { outcome } = await slow.settle();
  expect(resultFromTaskOutcome(outcome).content).toEqual([{ type: 'text', text: 'computed primes for 1 s' }]);
});
