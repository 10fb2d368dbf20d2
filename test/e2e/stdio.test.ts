import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { fixture, run, temporaryFolder } from '../support/command.ts';
import { INITIALIZE_PARAMS } from '../support/mcp.ts';
import { program } from '../support/program.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { assembleGuest } from '../support/wat-guest.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');

/** The official client, connected as a desktop client connects: by a command in a configuration. */
async function connect(name: string, args: readonly string[], component = 'notes-draft') {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [COMMAND, 'stdio', fixture(component), ...args],
    stderr: 'pipe',
  });
  const client = new Client({ name, version: '1' });
  const errors: Error[] = [];
  client.onerror = (error) => errors.push(error);
  onTestFinished(() => client.close());
  await client.connect(transport);
  async function call(tool: string, given: Record<string, unknown> = {}): Promise<string> {
    const { content } = await client.callTool({ name: tool, arguments: given });
    return (content as { text: string }[])[0]!.text;
  }
  return { client, call, errors };
}

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: INITIALIZE_PARAMS,
});
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

function request(id: number, tool: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: {} } });
}

describe('the official client', () => {
  test('lists, calls, and resumes its session in the next process; another client has its own', async () => {
    const args = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`];
    const first = await connect('desktop', args);
    const { tools } = await first.client.listTools();
    expect(tools.map(({ name }) => name)).toContain('counter');
    expect(await first.call('counter')).toBe('1');
    await first.call('preference_set', { name: 'colour', value: 'green' });
    await first.client.close();

    const second = await connect('desktop', args);
    expect(await second.call('counter')).toBe('2');
    expect(await second.call('preference_get', { name: 'colour' })).toContain('green');
    const other = await connect('editor', args);
    expect(await other.call('counter')).toBe('1');
    expect([...first.errors, ...second.errors, ...other.errors]).toEqual([]);
  });

  test('has one session, however often it reconnects', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    for (const count of ['1', '2', '3']) {
      const { client, call } = await connect('desktop', ['--store', url]);
      expect(await call('counter')).toBe(count);
      await client.close();
    }
    const store = await openStore(url);
    const keys = await store.range('default', '', 1000);
    await store.close();
    expect(keys.filter((key) => key.endsWith(':__meta__'))).toHaveLength(1);
    expect(new Set(keys.map((key) => key.slice(0, 36))).size).toBe(1);
  });

  test('gets exactly one response to each of 20 pipelined calls', async () => {
    const { call, errors } = await connect('desktop', ['--store', 'memory:']);
    const totals = await Promise.all(Array.from({ length: 20 }, () => call('total')));
    expect(totals.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(errors).toEqual([]);
  });

  test('gets a new session when its session has ended', async () => {
    const { call } = await connect('desktop', ['--store', 'memory:']);
    await call('counter');
    await call('end_session');
    expect(await call('counter')).toBe('1');
  });

  test('gets an error when the component is not an MCP server', async () => {
    await expect(connect('desktop', ['--store', 'memory:'], 'misbehave')).rejects.toThrow('HTTP 404');
  });
});

describe('the process', () => {
  test('writes only responses to stdout, and exits with the input: status 0', async () => {
    const lines = [INITIALIZE, INITIALIZED, 'garbage', request(1, 'total'), request(2, 'total')];
    const { status, stdout, stderr } = await run(['stdio', fixture('notes-draft'), '--store', 'memory:'], {
      input: `${lines.join('\n')}\n`,
    });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ id }) => id).sort()).toEqual([0, 1, 2, null]);
    expect(answers.find(({ id }) => id === null).error.code).toBe(-32700);
    expect(status).toBe(0);
    expect(stderr).toBe('');
  });

  test('stores the session beside the component, wherever the client starts it', async () => {
    const [home, elsewhere] = [temporaryFolder(), temporaryFolder()];
    copyFileSync(fixture('notes-draft'), join(home, 'server.wasm'));
    const input = [INITIALIZE, INITIALIZED, request(1, 'counter')].join('\n');
    const first = await run(['stdio', join(home, 'server.wasm')], { input, cwd: elsewhere });
    expect(first.stdout).toContain('"text":"1"');
    const second = await run(['stdio', 'server.wasm'], { input, cwd: home });
    expect(second.stdout).toContain('"text":"2"');
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('--session resumes a session that is in use elsewhere, too', async () => {
    const store = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`];
    const lines = [INITIALIZE, INITIALIZED, request(1, 'counter')].join('\n');
    await run(['stdio', fixture('notes-draft'), ...store], { input: lines });
    const missing = '00000000-0000-4000-8000-000000000000';
    const { stdout, stderr } = await run(['stdio', fixture('notes-draft'), ...store, '--session', missing], {
      input: lines,
    });
    expect(stdout).toContain('"text":"1"');
    expect(stderr).toContain(missing);
    const fresh = / new session (\S+)/.exec(stderr)![1]!;
    const resumed = await run(['stdio', fixture('notes-draft'), ...store, '--session', fresh], {
      input: lines,
    });
    expect(resumed.stdout).toContain('"text":"2"');
  });

  // With raw glue a loop keeps its thread.
  test.skipIf(rawGlue)(
    'serves other messages while a guest loops, and ends the loop at its limit',
    async () => {
      // Each instance responds to its first request with an empty body, and never to the next one.
      const guest = await assembleGuest({
        items: '(global $calls (mut i32) (i32.const 0))',
        answer: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (loop (br 0))))
        (i32.const 200)`,
      });
      const component = join(temporaryFolder(), 'loop.wasm');
      writeFileSync(component, guest);
      const options = [
        '--store',
        'memory:',
        '--mcp',
        'off',
        '--workers',
        '1',
        '--isolation',
        'reuse=100',
        '--timeout',
        '3s',
      ];
      const serving = program(['stdio', component, ...options]);
      const send = (id: number): void => void serving.child.stdin.write(`${request(id, 'any')}\n`);
      send(1);
      await serving.said('"id":1,');
      // The first goes to the instance that is there, the other to a new one.
      send(2);
      send(3);
      await serving.said('"id":3,');
      expect(serving.text.stdout).not.toContain('"id":2,');
      await serving.said('"id":2,');
      expect(serving.text.stdout).toMatch(/"id":2,.*504/);
      send(4);
      await serving.said('"id":4,');
      expect(serving.text.stderr).toMatch(/did not respond within 3000 ms/);
      serving.child.stdin.end();
      expect((await serving.finished).status).toBe(0);
    },
  );

  test('SIGTERM stops it while the input is open: status 0', async () => {
    const serving = program(['stdio', fixture('notes-draft'), '--store', 'memory:']);
    serving.child.stdin.write(`${INITIALIZE}\n`);
    await serving.said('"id":0');
    serving.child.kill('SIGTERM');
    expect((await serving.finished).status).toBe(0);
  });

  test('exits when the client has gone without closing the input', async () => {
    const serving = program(['stdio', fixture('notes-draft'), '--store', 'memory:']);
    serving.child.stdin.write(`${INITIALIZE}\n`);
    await serving.said('"id":0');
    serving.child.stdout.destroy();
    serving.child.stdin.write('garbage\n');
    expect((await serving.finished).status).toBe(0);
  });

  test('reports on stderr, with status 1 or 2, why it cannot serve', async () => {
    const command = await run(['stdio', '-'], { input: '' });
    expect(command).toMatchObject({ status: 2, stdout: '' });
    const missing = await run(['stdio', 'missing.wasm']);
    expect(missing).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('missing.wasm') });
    const tool = await run(['stdio', fixture('command')]);
    expect(tool).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('incoming handler'),
    });
    const store = await run(['stdio', fixture('notes-draft'), '--store', 'sqlite:/dev/null/store.db']);
    expect(store).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^error: /) });
  });
});
