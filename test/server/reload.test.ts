import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Component, loadComponent } from '../../src/index.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import { INITIALIZE_PARAMS } from '../support/mcp.ts';
import { component, listen } from '../support/serving.ts';

describe('another component', () => {
  test('takes over six times under load: no request fails, and the store stays', async () => {
    const { server, url, errors } = await listen('kv-draft');
    await fetch(`${url}/set?bucket=b&key=k`, { method: 'POST', body: 'kept' });
    let over = false;
    const answers = new Set<string>();
    const clients = Array.from({ length: 4 }, async () => {
      while (!over) {
        const response = await fetch(`${url}/get?bucket=b&key=k`);
        answers.add(`${response.status} ${await response.text()}`);
      }
    });
    const drafts = [await component('kv-draft'), await component('kv-draft2')];
    for (let i = 1; i <= 6; i++) await server.reload(drafts[i % 2]!);
    over = true;
    await Promise.all(clients);
    expect([...answers]).toEqual(['200 kept']);
    expect(errors()).toEqual([]);
  }, 60_000);

  test('serves from then on; the previous one ends what it started', async () => {
    const { server, url } = await listen('misbehave', { timeout: 1000 });
    const slow = server.fetch(new Request('http://localhost/sleep-forever'));
    await server.reload(await component('kv-draft'));
    expect((await fetch(`${url}/ok`)).status).toBe(404);
    expect((await slow).status).toBe(504);
  });

  test('that cannot be served keeps the previous one, as does one that is loaded while the server closes', async () => {
    const { server, url } = await listen('misbehave');
    await expect(server.reload(await component('command'))).rejects.toMatchObject({
      code: 'component-unlinkable',
    });
    expect((await fetch(`${url}/ok`)).status).toBe(200);
    const late = server.reload(await component('kv-draft'));
    const refused = expect(late).rejects.toMatchObject({ code: 'server-closing' });
    await server.close(0);
    await refused;
  });

  test('is protected from its guests like the first one', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'next.wasm');
    copyFileSync(fixture('http-lab'), file);
    const { server, url } = await listen('http-lab', { directories: [{ host: folder, guest: '/data' }] });
    await server.reload(await loadComponent(file));
    expect(await (await fetch(`${url}/fs?write=/data/next.wasm&text=x`)).text()).toMatch(
      /^Operation not permitted/,
    );
    expect(await (await fetch(`${url}/fs?write=/data/other&text=x`)).text()).toBe('written');
  });
});

describe('what depends on the component', () => {
  const PAGE = 'https://page.example';
  const env = { WASMCP_ALLOWED_ORIGINS: PAGE };
  const INITIALIZE = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: INITIALIZE_PARAMS,
  });

  /** The notes guest under a name that looks like wasmcp. */
  async function mcpServer(): Promise<Component> {
    const notes = await component('notes-draft');
    return { ...notes, exports: [...notes.exports, 'acme:mcp-server/handler@1.0.0'] };
  }

  function initialize(url: string): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      origin: PAGE,
    };
    return fetch(`${url}/mcp`, { method: 'POST', headers, body: INITIALIZE });
  }

  test('is replaced with it: environment, origins, sessions', async () => {
    const { server, url, errors } = await listen('kv-draft', { env });
    expect((await initialize(url)).status).toBe(403);
    expect(server.summary).toBeUndefined();
    await server.reload(await mcpServer());
    const opened = await initialize(url);
    expect(opened.status).toBe(200);
    expect(opened.headers.get('mcp-session-id')).toMatch(/./);
    expect(server.summary).toMatch(/^Sessions on, in bucket "default"/);
    await server.reload(await component('kv-draft'));
    expect((await initialize(url)).status).toBe(403);
    expect(server.summary).toBeUndefined();
    expect(errors()).toEqual([]);
  });

  test('is replaced as a whole or not at all', async () => {
    const storeLimits = { buckets: ['other'] };
    const { server, url } = await listen('kv-draft', { env, storeLimits });
    await expect(server.reload(await mcpServer())).rejects.toMatchObject({
      code: 'bucket-denied',
    });
    expect((await initialize(url)).status).toBe(403);
    expect(server.summary).toBeUndefined();
    expect((await fetch(`${url}/exists?bucket=other&key=k`)).status).toBe(200);
  });
});
