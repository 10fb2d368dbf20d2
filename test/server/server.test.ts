import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createServer, openStore, type Server } from '../../src/index.ts';
import { temporaryFolder } from '../support/command.ts';
import { listening } from '../support/servers.ts';
import { call, component, create, listen, rawConnection } from '../support/serving.ts';

/** The handler in a server of the caller's own. */
async function mount(
  handler: Server['handler'],
  before: (http: HttpServer) => void = () => {},
): Promise<string> {
  const http = createHttpServer(handler);
  before(http);
  return (await listening(http)).url;
}

describe('the handler', () => {
  test("serves in a server of the caller's own, from the first request on", async () => {
    const { server } = await create('http-lab');
    const url = await mount(server.handler);
    expect(await (await fetch(`${url}/globals`)).text()).toBe('1');
    expect(await (await fetch(`${url}/echo?raw=1`, { method: 'POST', body: 'ping' })).text()).toBe('ping');
  });

  test('survives a response that other code ends before the guest does', async () => {
    const { server } = await create('http-lab', { timeout: 5000 });
    await server.fetch(new Request('http://a/globals'));
    const url = await mount((request, response) => {
      server.handler(request, response);
      setTimeout(() => response.end('mine'), 30);
    });
    expect(await (await fetch(`${url}/sleep?ms=300`)).text()).toBe('mine');
    // The guest has finished when the server is closed.
    await server.close();
  });

  test('survives a response that other code ends while the guest streams', async () => {
    const { server } = await create('http-lab', { timeout: 5000 });
    let end = (): void => {};
    const url = await mount((request, response) => {
      server.handler(request, response);
      end = () => response.end();
    });
    let text = '';
    for await (const part of (await fetch(`${url}/stream?n=50&ms=10&size=1`)).body!) {
      text += Buffer.from(part).toString();
      end();
    }
    expect(text).toMatch(/^x{1,49}$/);
    await server.close();
  });

  test.each([50_000, 500_000])('leaves a body of %i bytes to other listeners, too', async (size) => {
    const { server } = await create('http-lab');
    await server.fetch(new Request('http://a/globals'));
    const heard: Buffer[] = [];
    const url = await mount((request, response) => {
      request.on('data', (bytes: Buffer) => heard.push(bytes));
      server.handler(request, response);
    });
    const body = Buffer.alloc(size, 'body');
    const answer = await fetch(`${url}/echo?raw=1`, { method: 'POST', body });
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    expect(Buffer.concat(heard).equals(body)).toBe(true);
  });

  test('responds with 503 when the server cannot start, and logs why', async () => {
    const store = `sqlite:${temporaryFolder()}`;
    const { server, log } = await create('http-lab', { store });
    const url = await mount(server.handler);
    expect((await fetch(`${url}/globals`)).status).toBe(503);
    expect(log.join()).toContain('error engine:');
    await expect(server.fetch(new Request('http://a/globals'))).rejects.toMatchObject({
      code: 'store-unusable',
    });
  });
});

describe('starting', () => {
  test('fails for a port in use, and leaves nothing behind', async () => {
    const first = await listen('http-lab');
    const folder = temporaryFolder();
    const { server } = await create('http-lab', { store: `sqlite:${join(folder, 'a', 'store.db')}` });
    await expect(server.listen(Number(new URL(first.url).port))).rejects.toMatchObject({
      code: 'address-unusable',
    });
    expect(server.storeUrl).toBeUndefined();
  });

  test('fails for a store that cannot be used, and releases the port', async () => {
    const { server } = await create('http-lab', { store: `sqlite:${temporaryFolder()}` });
    const probe = await listen('http-lab');
    const port = Number(new URL(probe.url).port);
    await probe.server.close(0);
    await expect(server.listen(port)).rejects.toMatchObject({ code: 'store-unusable' });
    await expect((await create('http-lab')).server.listen(port)).resolves.toContain(`:${port}/`);
  });

  test('fails for folders that workers cannot open, and ends', async () => {
    const { server } = await create('http-lab', {
      directories: [{ host: '/nowhere/at/all', guest: '/data' }],
      workers: 2,
    });
    await expect(server.listen(0)).rejects.toMatchObject({ code: 'directory-unusable' });
  });

  test('twice is an error', async () => {
    const { server } = await listen('http-lab');
    await expect(server.listen(0)).rejects.toThrow(TypeError);
  });

  test('two servers of one component live side by side', async () => {
    const [one, two] = [await listen('kv-draft'), await listen('kv-draft')];
    await call(`${one.url}/set?key=a`, { method: 'POST' }, (request) => request.end('mine'));
    expect(await (await fetch(`${one.url}/get?key=a`)).text()).toBe('mine');
    expect((await fetch(`${two.url}/get?key=a`)).status).toBe(404);
    await one.server.close();
    expect((await fetch(`${two.url}/exists?key=a`)).status).toBe(200);
  });

  test('a store of the caller is shared, and stays open', async () => {
    const store = await openStore('memory:');
    const first = await listen('kv-draft', { store });
    await call(`${first.url}/set?key=a`, { method: 'POST' }, (request) => request.end('kept'));
    await first.server.close();
    expect(Buffer.from((await store.get('default', 'a'))!).toString()).toBe('kept');
    const second = await listen('kv-draft', { store });
    expect(await (await fetch(`${second.url}/get?key=a`)).text()).toBe('kept');
    await second.server.close();
    await store.close();
  });
});

describe('closing', () => {
  test('twice is allowed, at once or later', async () => {
    const { server } = await listen('http-lab');
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });

  test('before the start is allowed, and nothing starts afterwards', async () => {
    const server = createServer(await component('http-lab'), { store: 'memory:' });
    await server.close();
    await expect(server.listen(0)).rejects.toMatchObject({ code: 'server-closing' });
    await expect(server.fetch(new Request('http://a/'))).rejects.toMatchObject({ code: 'server-closing' });
  });

  test('during the start waits for it', async () => {
    const { server } = await create('http-lab');
    const listening = server.listen(0);
    await server.close();
    await expect(listening).rejects.toMatchObject({ code: 'server-closing' });
  });

  test('during the start of workers waits for it', async () => {
    const { server } = await create('http-lab');
    const answer = server.fetch(new Request('http://a/sleep?ms=50'));
    await server.close();
    const response = await answer.catch((error: Error) => error);
    if (response instanceof Response) expect([200, 503]).toContain(response.status);
    else expect(response).toMatchObject({ code: 'server-closing' });
  });

  test('lets requests finish, including queued ones', async () => {
    const { server } = await create('http-lab', { liveLimit: 1 });
    await server.fetch(new Request('http://a/globals'));
    const answers = [1, 2, 3].map(() => server.fetch(new Request('http://a/sleep?ms=50')));
    await server.close();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('responds to every request when the time is up, including queued ones', async () => {
    const { server, url } = await listen('http-lab', { liveLimit: 1 });
    const connection = await rawConnection(url);
    connection.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    await connection.receive(/ 200 OK/);
    const answers = [1, 2].map(() => server.fetch(new Request('http://a/sleep?ms=60000')));
    await server.close(100);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([502, 503]);
  });
});
