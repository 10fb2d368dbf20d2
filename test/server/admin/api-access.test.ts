import { describe, expect, test } from 'vitest';
import { type Answer, administer, openedAdmin } from '../../support/administered.ts';

describe('who may use it', () => {
  const token = 'a token of the test, long enough'.replaceAll(' ', '-');

  test('without a token only this machine', async () => {
    const { call, admin } = await administer({}, await openedAdmin('0.0.0.0'));
    const { status, body } = await call('overview');
    expect([status, body.error]).toEqual([403, expect.stringMatching(/--admin-token-file/)]);
    expect((await fetch(`${admin.url}healthz`)).status).toBe(200);
    expect((await fetch(`${admin.url}metrics`)).status).toBe(200);
  });

  test('with a token who sends it', async () => {
    const { call, admin } = await administer({}, await openedAdmin('0.0.0.0', { token }));
    const as = async (authorization: string): Promise<Answer> =>
      call('overview', { headers: { authorization } });
    expect((await as(`Bearer ${token}`)).status).toBe(200);
    for (const wrong of [`Bearer ${token}x`, 'Bearer ', `Basic ${token}`, token])
      expect((await as(wrong)).status).toBe(401);
    const none = await call('openapi.json');
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="wasmcp-node"']);
    for (const path of ['healthz', 'readyz']) expect((await fetch(admin.url + path)).status).toBe(200);
  });

  test('no page of another origin, not even of this machine', async () => {
    const { call, admin } = await administer();
    const { port } = new URL(admin.url);
    for (const origin of ['https://evil.example', 'http://127.0.0.1:1', `http://localhost:${port}`, 'null']) {
      expect((await call('overview', { headers: { origin } })).status).toBe(403);
    }
    expect((await call('overview', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await call('overview', { headers: { origin: `http://127.0.0.1:${port}` } })).status).toBe(200);
    expect((await call('overview', { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
  });
});

test('the document describes every operation, and each path exists', async () => {
  const { call } = await administer();
  const { body } = await call('openapi.json');
  expect(body.openapi).toBe('3.1.0');
  const paths = Object.keys(body.paths);
  expect(paths).toEqual(
    expect.arrayContaining([
      '/overview',
      '/sessions',
      '/sessions/{id}/values/{key}',
      '/buckets/{bucket}/keys',
      '/events',
    ]),
  );
  for (const path of paths) {
    const { headers } = await call(path.slice(1).replaceAll(/\{\w+\}/g, 'x'), { method: 'PATCH' });
    expect(headers.get('allow')?.replace(', HEAD', '')).toBe(
      Object.keys(body.paths[path]).join(', ').toUpperCase(),
    );
  }
});

test('the paths of the admin address reach the guest on the main one', async () => {
  const { url } = await administer();
  const paths = ['/', '/healthz', '/readyz', '/metrics', '/api/v1/overview', '/api/v1/openapi.json'];
  const answers = await Promise.all(paths.map(async (path) => (await fetch(url + path)).text()));
  // The guest responds to a GET in the same way on every path.
  expect(new Set(answers).size).toBe(1);
});
