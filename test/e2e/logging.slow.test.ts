import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';
import { program } from '../support/program.ts';

const MEMORY: readonly string[] = ['--store', 'memory:', '--workers', '2'];
const MCP: readonly string[] = [...MEMORY, '--mcp', 'guide'];

/** The fields of each line of the access log in a text. */
function accessLines(text: string): Record<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('access: '))
    .map((line) => {
      const pairs = line.matchAll(/ (\w+)=("(?:[^"\\]|\\.)*"|\S+)/g);
      return Object.fromEntries(
        [...pairs].map(([, name, value]) => [name!, value!.startsWith('"') ? JSON.parse(value!) : value!]),
      );
    });
}

async function until(path: string, holds: () => boolean): Promise<void> {
  const watcher = watch(dirname(path));
  while (!holds()) await once(watcher, 'change');
  watcher.close();
}

test('--access-log writes one line for each request of each worker, and nothing that could be used', async () => {
  const { url, stop, told } = await serve(fixture('notes-draft'), [...MCP, '--access-log']);
  const session = await initialize(url);
  await rpc(url, 'tools/list', {}, session);
  await Promise.all(Array.from({ length: 20 }, () => callTool(url, session, 'counter')));
  await rpc(url, 'tools/call', { name: 'test_error_handling', arguments: {} }, session);
  await fetch(`${url}/mcp?token=secret`, { headers: { authorization: 'Bearer secret' } });
  await told(/access: .*method=GET/);
  const { stderr } = await stop();
  const lines = accessLines(stderr);
  expect(lines).toHaveLength(24);
  expect(new Set(lines.map(({ id }) => id)).size).toBe(24);
  const calls = lines.filter(({ tool }) => tool === 'counter');
  expect(calls).toHaveLength(20);
  for (const line of calls) {
    expect(line).toMatchObject({ method: 'POST', path: '/mcp', status: '200', mcp: 'tools/call' });
    expect(line.session).toBe(session.slice(0, 8));
    const [total, queue, guest, store, gate] = ['total', 'queue', 'guest', 'store', 'gate'].map((name) =>
      Number(line[name]),
    );
    expect(queue! + guest! + store! + gate!).toBeLessThan(total! + 5);
    expect(store).toBeGreaterThan(0);
    expect(Number(line.bytesIn)).toBeGreaterThan(50);
    expect(Number(line.bytesOut)).toBeGreaterThan(50);
  }
  expect(lines.filter(({ error }) => error === 'tool_error')).toHaveLength(1);
  expect(stderr).not.toContain(session);
  expect(stderr).not.toContain('secret');
});

test('a line cannot be forged by a path, a method or the name of a tool', async () => {
  const { url, stop, told } = await serve(fixture('notes-draft'), [...MCP, '--access-log']);
  const forged = '\naccess: id=666 status=200 \u001b[2J\u009b\u2028\u202e"x=1';
  const send = async (method: string, name: string): Promise<void> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name } });
    await (await fetch(`${url}/mcp`, { method: 'POST', body })).text();
  };
  await send('tools/call', forged);
  await send(`tools/call${forged}`, 'counter');
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(`GET /a"id=666 HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n\r\n`, 'latin1');
  socket.resume();
  await once(socket, 'close');
  await told(/method=GET/);
  const { stderr } = await stop();
  const lines = accessLines(stderr);
  expect(lines).toHaveLength(3);
  expect(lines.map(({ id }) => id).sort()).toEqual(['1', '2', '3']);
  expect(stderr).not.toMatch(/[\u001b\u0080-\u009f\u2028\u202e]/);
});

test('without the options the banner and the lines of guests are as ever', async () => {
  const { url, stop } = await serve(fixture('misbehave'), ['--store', 'memory:']);
  await fetch(`${url}/panic`);
  const plain = await stop();
  const logged = await serve(fixture('misbehave'), ['--store', 'memory:', '--access-log']);
  await fetch(`${logged.url}/panic`);
  await logged.told(/^access: /m);
  const more = await logged.stop();
  const comparable = (text: string): string[] =>
    text
      .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
      .split('\n')
      .filter((line) => !line.startsWith('access: '));
  expect(comparable(more.stderr)).toEqual(comparable(plain.stderr));
  expect(plain.stderr).toMatch(/^stderr \[0\] :: .*panicked/m);
  expect(more.stdout).toBe(plain.stdout);
});

test('with --log-format json each line of stderr is a JSON object', async () => {
  const { said, child, finished, text } = program([
    ...['serve', fixture('misbehave'), '--addr', '127.0.0.1:0', ...MEMORY],
    ...['--access-log', '--log-format', 'json'],
  ]);
  await said('Serving HTTP on', 'stderr');
  const [, url] = /Serving HTTP on (http:[^"]+)\//.exec(text.stderr)!;
  await fetch(`${url}/panic`);
  await fetch(`${url}/%1b%0aforged`);
  await said('"path":"/%1b%0aforged"', 'stderr');
  child.kill('SIGTERM');
  const { stderr, status } = await finished;
  expect(status).toBe(0);
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(
    lines.every(
      ({ level, time, msg }) => level && !Number.isNaN(Date.parse(time)) && typeof msg === 'string',
    ),
  ).toBe(true);
  expect(lines).toContainEqual(
    expect.objectContaining({ context: 'guest', stream: 'stderr', request: expect.any(Number) }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ level: 'error', msg: expect.stringMatching(/./) }));
  expect(lines.filter(({ context }) => context === 'access')).toMatchObject([
    { path: '/panic', status: 500, error: 'guest-trapped', level: 'info' },
    { path: '/%1b%0aforged', status: 404 },
  ]);
});

test('--log-level drops what matters less', async () => {
  const loud = await serve(fixture('misbehave'), [...MEMORY, '--log-level', 'error', '--log-format', 'text']);
  await fetch(`${loud.url}/trap`);
  await loud.told(/^error: /m);
  await loud.stop();
  const refused = await run(['serve', fixture('misbehave'), '--log-level', 'loud']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(/trace, debug, info, warn/);
});

test('--log-file is opened again on SIGUSR2, and no line is lost', async () => {
  const file = join(temporaryFolder(), 'access.log');
  const moved = `${file}.1`;
  const { url, kill, stop } = await serve(fixture('http-lab'), [
    ...MEMORY,
    '--access-log',
    '--log-file',
    file,
  ]);
  const get = async (path: string): Promise<void> => void (await (await fetch(`${url}${path}`)).text());
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  for (let n = 0; n < 20; n++) await get(`/before-${n}`);
  await until(file, () => read(file).includes('before-19'));
  renameSync(file, moved);
  await get('/moved');
  await until(file, () => read(moved).includes('/moved'));
  kill('SIGUSR2');
  await until(file, () => existsSync(file));
  for (let n = 0; n < 20; n++) await get(`/after-${n}`);
  const { stderr, status } = await stop();
  expect(status).toBe(0);
  expect(stderr).not.toContain('access: ');
  expect(stderr).toContain('Serving HTTP on');
  const paths = [...accessLines(read(moved)), ...accessLines(read(file))].map(({ path }) => path);
  expect(paths).toHaveLength(41);
  expect(accessLines(read(file)).some(({ path }) => path === '/after-19')).toBe(true);
});

test('a log file that cannot be written is reported at the start', async () => {
  const file = join(temporaryFolder(), 'missing', 'access.log');
  const { status, stderr } = await run(['serve', fixture('http-lab'), '--log-file', file]);
  expect(status).toBe(2);
  expect(stderr).toContain(`--log-file ${file} cannot be written`);
});

test('stdio logs the requests of its client, too', async () => {
  const init = {
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  };
  const { stdout, stderr } = await run(
    ['stdio', fixture('notes-draft'), '--store', 'memory:', '--access-log'],
    {
      input: `${JSON.stringify(init)}\n`,
    },
  );
  expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ id: 1 });
  expect(accessLines(stderr)[0]).toMatchObject({ mcp: 'initialize', protocol: '2025-06-18', status: '200' });
});
