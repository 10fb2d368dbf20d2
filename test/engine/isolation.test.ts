import { describe, expect, test } from 'vitest';
import { fixture } from '../support/command.ts';
import { inParallel } from '../support/parallel.ts';
import { create } from '../support/serving.ts';

async function text(response: Response): Promise<string> {
  return (await response.text()).trim();
}

describe('the state of earlier requests that a request sees', () => {
  test.each([
    ['request', 'request', ['1', '1', '1', '1']],
    ['fresh', 'fresh', ['1', '1', '1', '1']],
    ['reuse=3', { reuse: 3 }, ['1', '2', '3', '1']],
  ] as const)('with %s', async (_, isolation, counts) => {
    const { server } = await create('http-lab', { isolation });
    const seen: string[] = [];
    for (let i = 0; i < counts.length; i++) {
      seen.push(await text(await server.fetch(new Request('http://lab/globals'))));
    }
    expect(seen).toEqual(counts);
  });

  test('none of 2,000 requests sees a trace of another, while others are suspended', async () => {
    const { server } = await create('http-lab', { workers: 2, liveLimit: 16 });
    const seen = new Map<string, number>();
    await inParallel(24, 2000, async (i) => {
      const path = i % 8 === 0 ? '/sleep?ms=1' : '/globals';
      const answer = await text(await server.fetch(new Request(`http://lab${path}`)));
      if (path === '/globals') seen.set(answer, (seen.get(answer) ?? 0) + 1);
    });
    expect([...seen]).toEqual([['1', 1750]]);
  });
});

describe('each restore returns memories, globals and handles to their initial state', () => {
  test.each([
    [
      'http-lab',
      ['/globals', '/headers', '/stream?n=3&ms=1&size=10', '/sse?n=2&ms=1', '/random', '/poll?n=20&ms=1'],
    ],
    [
      'http-lab',
      ['/body-first?bytes=300000', '/big?bytes=2000000', '/trailers', '/status?code=204', '/env', '/log'],
    ],
    ['kv-draft', ['/increment?key=a', '/get?key=a', '/list', '/exists?key=a', '/get-many?key=a&key=b']],
    [
      'kv-draft2',
      ['/increment?key=n', '/cas-race?key=a', '/cas-aba?key=a', '/list', '/get-many?key=a&key=b'],
    ],
    ['misbehave', ['/ok', '/leak?n=50', '/grow?mib=4', '/ok', '/flood?bytes=100000', '/bom-key', '/ok']],
  ] as const)('%s %j', async (name, paths) => {
    const { server, log } = await create(name, { verifyRestores: true });
    for (let round = 0; round < 3; round++) {
      for (const path of paths) {
        const response = await server.fetch(new Request(`http://lab${path}`));
        await response.arrayBuffer();
        expect([path, response.status < 500]).toEqual([path, true]);
      }
    }
    expect(log).toEqual([]);
  });

  test('a composed server of many components', async () => {
    const { server, log } = await create('notes-draft', { verifyRestores: true });
    const post = (body: object, session?: string, accept = 'application/json'): Promise<Response> =>
      server.fetch(
        new Request('http://lab/mcp', {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept,
            ...(session && { 'mcp-session-id': session }),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
        }),
      );
    const opened = await post({ method: 'initialize', params: { protocolVersion: '2025-06-18' } });
    const session = opened.headers.get('mcp-session-id')!;
    for (let count = 1; count <= 20; count++) {
      const called = await post(
        { method: 'tools/call', params: { name: 'counter', arguments: {} } },
        session,
      );
      expect(await called.text()).toContain(`"text":"${count}"`);
    }
    // Both lend the host's stream to another component; the second one continues after its response is complete.
    for (const name of ['test_tool_with_logging', 'test_reconnection']) {
      const called = await post({ method: 'tools/call', params: { name } }, session, 'text/event-stream');
      expect([name, called.headers.get('content-type')]).toEqual([name, 'text/event-stream']);
      await called.text();
    }
    const headers = { 'mcp-session-id': session, 'last-event-id': 'call-1' };
    const resumed = await server.fetch(new Request('http://lab/mcp', { headers }));
    expect(await resumed.text()).toContain('the answer came after the client did');
    await post({ method: 'ping' }, session);
    expect(log).toEqual([]);
  });
});

test('memory is limited, and growing beyond the limit fails', async () => {
  const { loadComponent, createServer } = await import('../../src/index.ts');
  const component = await loadComponent(fixture('misbehave'), { maxMemory: 32 * 1024 ** 2 });
  const server = createServer(component, { store: 'memory:' });
  try {
    const refused = await server.fetch(new Request('http://localhost/grow?mib=200'));
    expect([refused.status, await text(refused)]).toEqual([
      507,
      expect.stringMatching(/^refused after \d\d MiB$/),
    ]);
    const granted = await server.fetch(new Request('http://localhost/grow?mib=8'));
    expect(await text(granted)).toBe('8 MiB');
  } finally {
    await server.close(0);
  }
});
