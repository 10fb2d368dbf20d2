import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { blocksOf } from './markdown.ts';
import { findPort } from './reader.ts';

const NGINX: string | undefined = ['nginx', '/usr/sbin/nginx'].find(
  (name) => spawnSync(name, ['-v']).error === undefined,
);

const CONFIG: string = blocksOf('docs/operations.md').find(({ words }) => words[0] === 'nginx.conf')!.text;

/** Starts nginx with the documented file in front of `server`; returns its address. */
async function startNginx(server: string): Promise<string> {
  const folder = temporaryFolder();
  const port = await findPort();
  const config = CONFIG.replace('127.0.0.1:8080', server.replace('http://', ''))
    .replace('127.0.0.1:8443', `127.0.0.1:${port}`)
    .replace('events {}', `daemon off; pid ${folder}/pid; events {}`)
    .replace(
      'http {',
      `http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/1; uwsgi_temp_path ${folder}/2; scgi_temp_path ${folder}/3;`,
    );
  writeFileSync(join(folder, 'nginx.conf'), config);
  const child = spawn(NGINX!, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  // nginx does not say when it listens.
  while (!(await fetch(url).catch(() => undefined))) await setTimeout(20);
  return url;
}

describe.skipIf(NGINX === undefined)('nginx with the documented file', () => {
  test('passes an event on long before the next one is due', async () => {
    const url = await startNginx((await serve(fixture('http-lab'))).url);
    const events = (await fetch(`${url}/sse?n=2&ms=60000`)).body!.getReader();
    expect(Buffer.from((await events.read()).value!).toString()).toMatch(/^data: /m);
    await events.cancel();
  });

  test('passes large bodies, and keeps connections', async () => {
    const url = await startNginx((await serve(fixture('http-lab'))).url);
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
    const url = await startNginx(server.url);
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
