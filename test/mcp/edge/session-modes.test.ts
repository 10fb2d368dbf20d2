import { Agent } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/index.ts';
import { call, create, share } from '../../support/serving.ts';
import { callOf, read, requestOf } from './guide.ts';

describe('a large message over a socket', () => {
  const shared = share('http-lab', { mcp: 'guide' });
  const headers = { 'content-type': 'application/json', 'mcp-session-id': 's' };
  const large = `{"method":"notifications/x","params":{"a":"${'é'.repeat(1_000_000)}"}}`;

  test.each([16, 100_000])('arrives as it was sent, in pieces of %i bytes at first', async (size) => {
    const bytes = Buffer.from(large);
    const { response, body } = await call(
      `${shared.url}/echo?raw=1`,
      { method: 'POST', headers },
      async (sent) => {
        for (let i = 0; i < 10; i++) sent.write(bytes.subarray(i * size, (i + 1) * size));
        sent.end(bytes.subarray(10 * size));
      },
    );
    expect(response.statusCode).toBe(200);
    expect((await body()).equals(bytes)).toBe(true);
  });

  test('that is refused leaves the connection to the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const refused = await call(
      `${shared.url}/status?code=403`,
      { method: 'POST', headers: { ...headers, authorization: 'Bearer x' }, agent },
      async (sent) => void sent.end(large),
    );
    const { localPort } = refused.response.socket;
    expect(refused.response.statusCode).toBe(403);
    await refused.body();
    const next = await call(`${shared.url}/time`, { agent });
    expect(next.response.statusCode).toBe(200);
    expect(next.response.socket.localPort).toBe(localPort);
    await next.body();
    agent.destroy();
  });
});

describe.each(['guide', 'strict'] as const)('in %s mode', (mode) => {
  test('a body whose source fails early gets a response, and does not keep the server open', async () => {
    const { server } = await create('notes-draft', { mcp: mode });
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(Buffer.from('{"jsonrpc":"2.0",'));
        controller.error(new Error('the source is gone'));
      },
    });
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit);
    const answer = await read(await server.fetch(request));
    expect(answer).toMatchObject({ status: 400, json: { id: null, error: { code: -32600 } } });
    const begun = performance.now();
    await server.close(60_000);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test('a contradictory message in a session with a token reaches no guest', async () => {
    const { server } = await create('notes-draft', { mcp: mode });
    const headers = { authorization: 'Bearer x', 'mcp-session-id': 's' };
    const body = '{"jsonrpc":"2.0","method":"ping","id":"elicit-1","result":{}}';
    const request = new Request('http://localhost/mcp', { method: 'POST', headers, body });
    expect(await read(await server.fetch(request))).toMatchObject({
      status: 400,
      json: { id: null, error: { code: -32600 } },
    });
  });
});

describe('a slow session', () => {
  /** The lab does not know MCP: its paths select what it does. */
  const LAB: ServerOptions = { mcp: 'strict', workers: 2 };

  async function pause(server: Server, milliseconds: number, session: string): Promise<string> {
    const request = requestOf(`http://localhost/sleep?ms=${milliseconds}`, callOf('sleep'), session);
    return (await server.fetch(request)).text();
  }

  test('slows down only itself', async () => {
    const { server } = await create('http-lab', LAB);
    await pause(server, 0, 'warm');
    const ended: string[] = [];
    const slow = Array.from({ length: 20 }, () => pause(server, 1000, 'slow').then(() => ended.push('slow')));
    const others = Array.from({ length: 100 }, (_, n) =>
      pause(server, 1, `other ${n}`).then(() => ended.push('other')),
    );
    await Promise.all(others);
    // Twenty of these take twenty seconds; they were sent first.
    expect(ended.filter((who) => who === 'slow').length).toBeLessThan(15);
    await server.close(0);
    await Promise.all(slow);
  });

  test('may run its calls in parallel', async () => {
    const { server } = await create('http-lab', { ...LAB, sessionOrder: 'parallel' });
    await pause(server, 0, 'warm');
    const start = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => pause(server, 500, 'slow')));
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('gets responses to waiting calls before a server closes', async () => {
    const { server } = await create('http-lab', LAB);
    await pause(server, 0, 'warm');
    const calls = Array.from({ length: 5 }, () => pause(server, 50, 'slow'));
    // All five have arrived before the server is closed.
    await pause(server, 0, 'other');
    await server.close(10_000);
    for (const text of await Promise.all(calls)) expect(text).toMatch(/^\d+ ms$/);
  });

  test('may have a limited number of calls waiting', async () => {
    const { server } = await create('http-lab', { ...LAB, queueLimit: 3 });
    await pause(server, 0, 'warm');
    const calls = Array.from({ length: 6 }, () => pause(server, 150, 'slow'));
    const texts = await Promise.all(calls);
    expect(texts.filter((text) => / ms$/.test(text))).toHaveLength(4);
    expect(texts.filter((text) => /too many requests of the session/.test(text))).toHaveLength(2);
  });
});
