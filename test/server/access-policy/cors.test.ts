import { describe, expect, test } from 'vitest';
import { call, create, raw, share } from '../../support/serving.ts';

const ORIGIN = 'http://localhost:6274';
const lab = share('http-lab', { allowHosts: [], maxBody: 1000, streamIdle: 300 });

function fetchFrom(origin: string | undefined, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${lab.url}${path}`, {
    ...init,
    headers: { ...(init.headers as Record<string, string>), ...(origin && { origin }) },
  });
}

describe('a preflight', () => {
  function preflight(origin: string, asked: Record<string, string> = {}): Promise<Response> {
    const headers = { 'access-control-request-method': 'POST', ...asked };
    return fetchFrom(origin, '/mcp', { method: 'OPTIONS', headers });
  }

  test('of an allowed page gets its response without a guest', async () => {
    const response = await preflight(ORIGIN, {
      'access-control-request-headers': 'content-type,mcp-protocol-version, x-mine',
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'content-type, mcp-protocol-version, x-mine',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    });
    expect(response.headers.has('access-control-allow-private-network')).toBe(false);
    expect(response.headers.has('content-length')).toBe(false);
  });

  test('that names nothing gets what MCP needs', async () => {
    const { headers } = await preflight(ORIGIN);
    const allowed = headers.get('access-control-allow-headers')!.toLowerCase().split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining(['content-type', 'authorization', 'mcp-session-id', 'mcp-protocol-version']),
    );
  });

  test('for another method, and from a public page to this machine', async () => {
    const { headers } = await preflight(ORIGIN, {
      'access-control-request-method': 'PATCH',
      'access-control-request-private-network': 'true',
    });
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE, PATCH');
    expect(headers.get('access-control-allow-private-network')).toBe('true');
  });

  test('of another page is refused, and reveals nothing about what is allowed', async () => {
    const response = await preflight('https://evil.example');
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].join()).not.toContain('access-control');
  });

  test('is not an OPTIONS without an origin, nor one without a method', async () => {
    const guest = (response: Response): Promise<string> => response.text();
    const asked = { 'access-control-request-method': 'POST' };
    expect(await guest(await fetchFrom(undefined, '/echo', { method: 'OPTIONS', headers: asked }))).toMatch(
      /^method: OPTIONS/,
    );
    expect(await guest(await fetchFrom(ORIGIN, '/echo', { method: 'OPTIONS' }))).toMatch(/^method: OPTIONS/);
  });
});

describe('a page may read', () => {
  test.each([
    ['a response', '/globals', {}, 200],
    ['a guest’s error', '/status?code=404', {}, 404],
    ['a failure of the guest', '/error?code=internal-error', {}, 500],
    ['that a body is too large', '/echo', { method: 'POST', body: 'x'.repeat(1001) }, 413],
    ['a streamed response', '/stream?n=3&ms=1', {}, 200],
    ['the end of server-sent events', '/sse?n=2&ms=1', {}, 200],
  ])('%s', async (_, path, init, status) => {
    const response = await fetchFrom(ORIGIN, path, init);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(response.headers.get('access-control-expose-headers')).toBe('Mcp-Session-Id, WWW-Authenticate');
    expect(response.headers.get('vary')).toBe('Origin');
    await response.text();
  });

  test('that a body without a length is too large', async () => {
    const options = { method: 'POST', headers: { origin: ORIGIN } };
    const { response } = await call(`${lab.url}/echo`, options, (sent) => {
      sent.write('x'.repeat(2000));
      sent.end();
    });
    expect(response.statusCode).toBe(413);
    expect(response.headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  test('the response of a server without a socket', async () => {
    const headers = { origin: ORIGIN };
    const ask = (path: string): Promise<Response> =>
      lab.server.fetch(new Request(`http://localhost${path}`, { headers }));
    for (const path of ['/globals', '/error?code=internal-error']) {
      expect((await ask(path)).headers.get('access-control-allow-origin')).toBe(ORIGIN);
    }
    const preflight = new Request('http://localhost/', {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    });
    expect((await lab.server.fetch(preflight)).status).toBe(204);
  });
});

test('without an origin there are no CORS headers; caches are told that responses vary by it', async () => {
  const get = await fetchFrom(undefined, '/globals');
  expect([...get.headers.keys()].join()).not.toContain('access-control');
  expect(get.headers.get('vary')).toBe('Origin');
  const post = await fetchFrom(undefined, '/globals', { method: 'POST' });
  expect(post.headers.has('vary')).toBe(false);
});

test('when any origin is allowed, the response names the one that asked', async () => {
  const { server } = await create('http-lab', { allowOrigins: ['*'] });
  const url = new URL(await server.listen(0));
  const answer = await raw(
    url.href,
    'GET /globals HTTP/1.1\r\nHost: localhost\r\nOrigin: https://any.example\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toContain('\r\naccess-control-allow-origin: https://any.example\r\n');
});
