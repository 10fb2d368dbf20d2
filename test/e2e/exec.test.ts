import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';
import { program } from '../support/program.ts';
import { RAW_GLUE_PATIENCE, rawGlue } from '../support/raw-glue.ts';

const notes = fixture('notes-draft');
const node = process.execPath;

/** A script for the command to run, in a folder of its own. */
function script(text: string): { cwd: string; file: string } {
  const cwd = temporaryFolder();
  const file = join(cwd, 'test.mjs');
  writeFileSync(file, text);
  return { cwd, file };
}

const COUNT = `
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const post = (body, more) => fetch(process.env.WASMCP_URL + '/mcp', {
    method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify({ jsonrpc: '2.0', ...body }) });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const session = (await post({ id: 1, method: 'initialize', params })).headers.get('mcp-session-id');
  const answer = await post({ id: 2, method: 'tools/call', params: { name: 'counter', arguments: {} } },
    { 'mcp-session-id': session });
  console.log(/"text":"(\\d+)"/.exec(await answer.text())[1]);
  if (new URL(process.env.WASMCP_URL).port !== process.env.PORT) process.exit(9);
`;

test('the command finds a server with sessions, and no files remain', async () => {
  const { cwd, file } = script(COUNT);
  const end = await run(['exec', notes, '--', node, file, '--flag'], { cwd });
  expect(end).toMatchObject({ status: 0, stdout: '1\n' });
  expect(existsSync(join(cwd, '.wasmcp'))).toBe(false);
});

test('with --store, its writes remain afterwards', async () => {
  const { cwd, file } = script(COUNT);
  await run(['exec', notes, '--store', 'sqlite:kept.db', '--', node, file], { cwd });
  const info = await run(['store', 'info', '--store', 'sqlite:kept.db'], { cwd });
  expect(info.stdout).toMatch(/^bucket .*: [1-9]\d* keys/m);
});

describe('the exit status', () => {
  test.each([
    ['the command', 'process.exit(7)', 7],
    ['a signal', 'process.kill(process.pid, "SIGKILL")', 137],
  ])('is that of %s', async (_, text, status) => {
    expect((await run(['exec', notes, '--', node, '-e', text])).status).toBe(status);
  });

  test('is 127 for a command that does not exist, which is named on stderr', async () => {
    const end = await run(['exec', notes, '--', 'no-such-command']);
    expect(end).toMatchObject({ status: 127, stdout: '' });
    expect(end.stderr).toContain('error: the command no-such-command is not found');
  });

  test('is 2 without a command, and for words before the dashes', async () => {
    const none = await run(['exec', notes]);
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('write it after --');
    expect((await run(['exec', notes, 'node', '--version'])).status).toBe(2);
  });

  test('is 1 when the component cannot be served; the command is not started', async () => {
    const { cwd, file } = script('require("node:fs").writeFileSync("started", "")');
    const end = await run(['exec', fixture('command'), '--', node, file], { cwd });
    expect(end.status).toBe(1);
    expect(end.stderr).toContain('wasi:http/incoming-handler');
    expect(existsSync(join(cwd, 'started'))).toBe(false);
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s is forwarded to the command, which decides when to end',
  async (signal) => {
    const text = `process.on('${signal}', () => { console.log('asked'); process.exit(5); });
    setInterval(() => {}, 1000); console.log('up')`;
    const running = program(['exec', notes, '--', node, '-e', text]);
    await running.said('up\n');
    running.child.kill(signal);
    expect(await running.finished).toMatchObject({ status: 5, stdout: 'up\nasked\n' });
  },
);

test('the output of the server goes to stderr or a file, not into that of the command', async () => {
  const text = `await fetch(process.env.WASMCP_URL + '/trap'); console.log('done')`;
  const { cwd, file } = script(text);
  const args = ['exec', fixture('misbehave'), '--server-log', 'server.log', '--', node, file];
  expect(await run(args, { cwd })).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
  expect(readFileSync(join(cwd, 'server.log'), 'utf8')).toContain('GET /trap: the guest trapped');
});

test.runIf(existsSync('/dev/full'))('a log that cannot be written does not affect the command', async () => {
  const { cwd, file } = script(`
    await fetch(process.env.WASMCP_URL + '/trap');
    process.exit((await fetch(process.env.WASMCP_URL + '/ok')).status - 193);
  `);
  const end = await run(['exec', fixture('misbehave'), '--server-log', '/dev/full', '--', node, file], {
    cwd,
  });
  expect(end).toMatchObject({ status: 7, stderr: '' });
});

test('--wait starts the command once a request for the path succeeds, or not at all', async () => {
  const ready = await run(['exec', fixture('misbehave'), '--wait', '/ok', '--', node, '-p', '"started"']);
  expect(ready).toMatchObject({ status: 0, stdout: 'started\n' });
  const seconds = rawGlue ? RAW_GLUE_PATIENCE : 1;
  const given = ['--wait', '/trap', '--timeout', `${seconds}s`, '--', node, '-p', '"started"'];
  const never = await run(['exec', fixture('misbehave'), ...given]);
  expect(never).toMatchObject({ status: 1, stdout: '' });
  expect(never.stderr).toMatch(/error: http:\S+\/trap returned status 500 within \d+ ms/);
});

test('--keep keeps serving after the command, until a signal; the status stays', async () => {
  const kept = program(['exec', fixture('misbehave'), '--keep', '--', node, '-e', 'process.exit(3)']);
  await kept.said('still serving HTTP on ', 'stderr');
  const url = /still serving HTTP on (\S+)\n/.exec(kept.text.stderr)![1]!;
  expect(await (await fetch(`${url}ok`)).text()).toBe('ok');
  kept.child.kill('SIGTERM');
  expect((await kept.finished).status).toBe(3);
});
