import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';
import { NGINX, startNginx } from '../support/nginx.ts';
import { blocksOf } from './markdown.ts';

const CONFIG: string = blocksOf('docs/operations.md').find(({ words }) => words[0] === 'nginx.conf')!.text;

/** Starts nginx with the documented file in front of `server`; returns its address. */
const proxyFor = (server: string): Promise<string> => startNginx(CONFIG, { '127.0.0.1:8080': server });

describe.skipIf(NGINX === undefined)('nginx with the documented file', () => {
  test('passes an event on long before the next one is due', async () => {
    const url = await proxyFor((await serve(fixture('http-lab'))).url);
    const events = (await fetch(`${url}/sse?n=2&ms=60000`)).body!.getReader();
    expect(Buffer.from((await events.read()).value!).toString()).toMatch(/^data: /m);
    await events.cancel();
  });

  test('passes large bodies, and keeps connections', async () => {
    const url = await proxyFor((await serve(fixture('http-lab'))).url);
    const body = Buffer.alloc(9 * 1024 ** 2, 'x');
    for (let round = 0; round < 3; round += 1) {
      const upload = await fetch(`${url}/read-slow?ms=0`, { method: 'POST', body });
      expect(await upload.text()).toMatch(new RegExp(`^${body.length} bytes`));
      const download = await fetch(`${url}/big?bytes=${body.length}`);
      expect((await download.arrayBuffer()).byteLength).toBe(body.length);
    }
  });

  test('lets the guest see the public address by --public-url', async () => {
    const server = await serve(fixture('http-lab'), ['--public-url', 'https://mcp.example.com']);
    const url = await proxyFor(server.url);
    const asked = request(`${url}/echo`, { headers: { host: 'mcp.example.com' } }).end();
    const [response] = await once(asked, 'response');
    const text = (await response.toArray()).join('');
    expect(text).toMatch(/^method: GET\npath: \/echo\nscheme: HTTPS\nauthority: mcp\.example\.com\n/);
    const stranger = request(`${url}/echo`, { headers: { host: 'other.example.com' } }).end();
    const [refused] = await once(stranger, 'response');
    refused.resume();
    expect(refused.statusCode).toBe(403);
  });
});
