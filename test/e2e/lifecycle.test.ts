import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { call, rawConnection, receivedRequest } from '../support/serving.ts';

const ROOT = join(import.meta.dirname, '../..');
const MEMORY = ['--store', 'memory:'];

describe('the first signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets requests finish, and refuses new ones',
    async (signal) => {
      const { url, text, finished, kill } = await serve(fixture('http-lab'), MEMORY);
      const stream = await call(`${url}/stream?n=5&ms=200&size=1`);
      const slow = await receivedRequest(url, '/sleep?ms=800');
      const idle = await rawConnection(url);
      kill(signal);
      // Idle connections are ended as soon as the port is closed.
      await idle.end();
      const refused = connect(Number(new URL(url).port), '127.0.0.1');
      expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
      expect(String(await stream.body())).toBe('xxxxx');
      expect((await slow.end()).text).toMatch(/\r\n\d+ ms\s*(0\s*)?$/);
      expect(await finished).toMatchObject({ status: 0 });
      expect(text.stderr).not.toContain('error');
    },
  );

  test('does not wait longer than --drain', async () => {
    const { url, stop } = await serve(fixture('http-lab'), [...MEMORY, '--drain', '300ms']);
    const slow = await receivedRequest(url, '/sleep?ms=60000');
    const stalled = await call(`${url}/big?bytes=1000000000`);
    const began = performance.now();
    expect(await stop()).toMatchObject({ status: 0 });
    expect(performance.now() - began).toBeLessThan(15_000);
    await expect(stalled.body()).rejects.toThrow('aborted');
    expect((await slow.end()).text).toMatch(/Continue\r\n\r\n(HTTP\/1.1 502 [\s\S]*)?$/);
  });
});

test('unread output does not keep the process alive for longer than --drain', async () => {
  const { url, child, kill } = await serve(fixture('misbehave'), [...MEMORY, '--drain', '500ms']);
  const { stdout } = child;
  stdout!.pause();
  // More than the pipe takes: the guest waits for somebody to read it.
  const flooding = fetch(`${url}/flood?bytes=50000000`).then(({ status }) => status, String);
  expect(await Promise.race([flooding, new Promise((resolve) => setTimeout(resolve, 2000, 'waits'))])).toBe(
    'waits',
  );
  const began = performance.now();
  kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(performance.now() - began).toBeLessThan(15_000);
  expect([502, 'TypeError: fetch failed']).toContain(await flooding);
}, 40_000);

test('the second signal ends the process at once', async () => {
  const { url, text, kill, finished } = await serve(fixture('http-lab'), MEMORY);
  const slow = await receivedRequest(url, '/sleep?ms=60000');
  const idle = await rawConnection(url);
  kill('SIGTERM');
  await idle.end();
  kill('SIGTERM');
  expect(await finished).toMatchObject({ status: 143 });
  expect(text.stderr).toContain('Stopped at once');
  await slow.end();
});

test('after a kill, everything acknowledged is there', async () => {
  const store = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`, '--workers', '2'];
  const first = await serve(fixture('kv-draft'), store);
  const acknowledged: string[] = [];
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; ; i++) {
      const key = `${name}-${i}`;
      const response = await fetch(`${first.url}/set?key=${key}`, { method: 'POST', body: key });
      if (response.status === 200) acknowledged.push(key);
    }
  };
  const writers = ['a', 'b', 'c', 'd'].map((name) => writer(name).catch(() => {}));
  while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 5));
  await first.stop('SIGKILL');
  await Promise.all(writers);

  const second = await serve(fixture('kv-draft'), store);
  for (const key of acknowledged) {
    expect(await (await fetch(`${second.url}/get?key=${key}`)).text()).toBe(key);
  }
});

test('a program that uses the library exits by itself once its server is closed', async () => {
  const program = `
    import { createServer, loadComponent } from ${JSON.stringify(join(ROOT, 'src/index.ts'))};
    const component = await loadComponent(${JSON.stringify(fixture('http-lab'))});
    const server = createServer(component, { store: 'sqlite:${join(temporaryFolder(), 'store.db')}', timeout: 60_000 });
    const url = await server.listen(0);
    console.log(await (await fetch(url + 'globals')).text());
    const response = await server.fetch(new Request(url + 'stream?n=2&ms=60000'));
    await response.body.cancel();
    await server.close(0);
    console.log('closed');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (part) => {
    output += part;
  });
  child.stderr.on('data', (part) => {
    output += part;
  });
  const [status] = await once(child, 'close');
  expect(output).toBe('1\nclosed\n');
  expect(status).toBe(0);
});

describe('a Node without JSPI reports which one is needed', () => {
  function refused(node: string, ...args: string[]): void {
    const command = [...args, join(ROOT, 'bin/wasmcp-node.js'), 'serve', fixture('http-lab')];
    const { status, stdout, stderr } = spawnSync(node, command, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: wasmcp-node needs Node 24.20 or newer .*\n$/);
  }

  test('when it is new, but does not have it', () => {
    refused(process.execPath, '--import', 'data:text/javascript,delete WebAssembly.Suspending');
  });

  test('when it is too old', () => {
    const found = process.env.PATH!.split(delimiter).map((folder) => join(folder, 'node'));
    const old = found.filter(
      (node) => spawnSync(node, ['-e', 'process.exit(WebAssembly.Suspending ? 1 : 0)']).status === 0,
    );
    for (const node of old) refused(node);
  });
});
