import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

test('the official client connects, lists, calls, and goes on with its session after a restart', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const first = await serve(fixture('notes-draft'), ['--store', store]);
  const transport = new StreamableHTTPClientTransport(new URL(`${first.url}/mcp`));
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toContain('counter');
  expect(await client.callTool({ name: 'counter' })).toMatchObject({
    content: [{ type: 'text', text: '1' }],
  });
  const { sessionId } = transport;
  await client.close();
  await first.stop();

  const second = await serve(fixture('notes-draft'), ['--store', store]);
  const resumed = new StreamableHTTPClientTransport(new URL(`${second.url}/mcp`), { sessionId: sessionId! });
  const again = new Client({ name: 'test', version: '1' });
  await again.connect(resumed);
  expect(await again.callTool({ name: 'counter' })).toMatchObject({ content: [{ type: 'text', text: '2' }] });
  await again.close();
});
