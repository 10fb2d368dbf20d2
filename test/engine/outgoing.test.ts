import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';
import { RAW_GLUE_PATIENCE, rawGlue } from '../support/raw-glue.ts';
import { httpServer } from '../support/servers.ts';
import { create, listen, share } from '../support/serving.ts';

/** A server that guests may call. */
const peer = async (listener: RequestListener): Promise<string> => (await httpServer(listener)).url;

const query = (target: string, more = ''): string => `/outgoing?url=${encodeURIComponent(target)}${more}`;

describe('a guest', () => {
  const shared = share('http-lab');

  test('fetches from a peer on this machine while the server listens on loopback', async () => {
    const target = await peer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      response.setHeader('x-seen', `${request.method} ${request.url}`).end(`got ${body.length}`);
    });
    const body = new Uint8Array(3_000_000);
    const answer = await fetch(shared.url + query(`${target}/a?b`, '&method=POST'), { method: 'POST', body });
    const text = await answer.text();
    expect(text).toMatch(/^status: 200\n/);
    expect(text).toContain('x-seen: POST /a?b\n');
    expect(text).toMatch(/\n\ngot 3000000$/);
  });

  test('gets the error-code of a failure', async () => {
    const target = await peer(() => {});
    const error = async (at: string, more?: string): Promise<string> =>
      (await fetch(shared.url + query(at, more))).text();
    expect(await error('http://127.0.0.1:1/')).toContain('error: connection-refused');
    expect(await error(target, '&timeout=50')).toContain('error: connection-read-timeout');
    expect(await error('http://does-not-exist.invalid/')).toContain('error: dns-error');
    expect(await error('http://169.254.169.254/latest/meta-data/')).toContain('error: http-request-denied');
  });

  test('cannot call its own server, unless it is listed', async () => {
    const { url, logged } = shared;
    expect(await (await fetch(url + query(`${url}/globals`))).text()).toContain('http-request-denied');
    expect(await logged(/the server's own address/)).toContain(`allow it with --allow-outbound '${url}'`);
    const open = await listen('http-lab', { outgoing: { allow: ['127.0.0.1'] } });
    expect(await (await fetch(open.url + query(`${open.url}/globals`))).text()).toMatch(/^status: 200/);
  });

  test('cannot reach the metrics and shutdown listeners of its server', async () => {
    const served = await serve(fixture('http-lab'), [
      ...['--store', 'memory:', '--admin-addr', '127.0.0.1:0', '--shutdown-addr', '127.0.0.1:0'],
    ]);
    const admin = /metrics on (\S+)\//.exec(served.text.stderr)![1]!;
    const shutdown = /Listening for shutdown on tcp:(\S+)\//.exec(served.text.stderr)![1]!;
    for (const own of [`${admin}/metrics`, `http:${shutdown}/`]) {
      const answer = await fetch(served.url + query(own));
      expect(await answer.text()).toContain('http-request-denied');
    }
    expect((await fetch(`${admin}/metrics`)).status).toBe(200);
    expect((await served.stop()).status).toBe(0);
  });

  test('cannot reach this machine if the server is public, or does not listen', async () => {
    const target = await peer((_request, response) => response.end('inside'));
    const wide = await create('http-lab');
    const { port } = new URL(await wide.server.listen(0, '0.0.0.0'));
    expect(await (await fetch(`http://127.0.0.1:${port}${query(target)}`)).text()).toContain(
      'http-request-denied',
    );
    const deaf = await create('http-lab');
    const asked = (): Promise<Response> => deaf.server.fetch(new Request(`http://a${query(target)}`));
    expect(await (await asked()).text()).toContain('http-request-denied');
  });

  test('that is ended during a request leaves no connection', async () => {
    let arrived = 0;
    const gone: Promise<unknown>[] = [];
    const target = await peer((request, response) => {
      if (request.url === '/') return response.end();
      arrived += 1;
      gone.push(once(request.socket, 'close'));
    });
    const { url } = await listen('http-lab', { timeout: rawGlue ? 2000 * RAW_GLUE_PATIENCE : 2000 });
    expect((await fetch(url + query(target))).status).toBe(200);
    const never = url + query(`${target}/never`);
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await fetch(never)).status));
    expect(statuses).toEqual([504, 504, 504, 504, 504]);
    expect(arrived).toBeGreaterThan(0);
    await Promise.all(gone);
  });

  test('uses the custom fetch function', async () => {
    const seen: string[] = [];
    const { server } = await create('http-lab', {
      fetch: async (request) => {
        seen.push(`${request.method} ${request.url} ${(await request.bytes()).length}`);
        return new Response('mine', { status: 203 });
      },
    });
    const body = new Uint8Array(200_000);
    const path = query('https://internal.example/x', '&method=PUT');
    const answer = await server.fetch(new Request(`http://a${path}`, { method: 'POST', body }));
    const text = await answer.text();
    expect(text).toMatch(/^status: 203\n/);
    expect(text).toMatch(/\n\nmine$/);
    expect(seen).toEqual(['PUT https://internal.example/x 200000']);
  });
});

describe('the flags', () => {
  test('allow and deny destinations, and a refusal names the one that would allow it', async () => {
    const target = await peer((_request, response) => response.end('inside'));
    const { host } = new URL(target);
    const denying = await serve(fixture('http-lab'), ['--store', 'memory:', '--deny-outbound', '*']);
    expect(await (await fetch(denying.url + query(target))).text()).toContain('http-request-denied');
    expect(denying.text.stderr).toContain(
      `request to ${target} refused: --deny-outbound '*' covers it; allow it with --allow-outbound '${target}'`,
    );
    const opened = await serve(fixture('http-lab'), [
      ...[
        '--store',
        'memory:',
        '--deny-outbound',
        '*',
        '--allow-outbound',
        'x.example',
        '--allow-outbound',
        host,
      ],
    ]);
    expect(await (await fetch(opened.url + query(target))).text()).toContain('inside');
  });
});
