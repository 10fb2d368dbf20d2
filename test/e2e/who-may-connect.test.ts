import { expect, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { raw } from '../support/serving.ts';

const NOTES = fixture('notes-draft');

async function status(url: string, ...fields: readonly string[]): Promise<string> {
  const answer = await raw(url, `${['GET / HTTP/1.1', ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  return answer.slice(9, 12);
}

test('a server tells at start of its sessions and of who may connect, before it takes anybody', async () => {
  const { url, text } = await serve(
    NOTES,
    ['--mcp', 'guide', '--store', 'memory:', '--allow-origin', 'https://app.example.com'],
    { env: { WASMCP_NODE_ALLOW_HOST: 'mcp.example.com,b.example:1' } },
  );
  expect(text.stderr).toMatch(
    /^Sessions on, in bucket "default" of memory:; auth public; open to this machine, mcp\.example\.com, b\.example:1; pages of https:\/\/app\.example\.com\nStore memory:\nServing HTTP on /,
  );
  expect(await status(url, 'Host: mcp.example.com')).toBe('405');
  expect(await status(url, 'Host: b.example:1', 'Origin: https://app.example.com')).toBe('405');
  expect(await status(url, 'Host: b.example')).toBe('403');
  expect(text.stderr).toContain('warn: access-policy: the host "b.example" is not one');
});

test('a server for everybody warns of it, unless it was told who they are', async () => {
  const open = ['--store', 'memory:', '--addr', '0.0.0.0:0'];
  const { text } = await serve(NOTES, open);
  expect(text.stderr).toMatch(/^warn: access-policy: 0\.0\.0\.0 .*--allow-host/);
  const listed = await serve(NOTES, [...open, '--public-url', 'https://mcp.example.com']);
  expect(listed.text.stderr).not.toContain('warn');
});

test('a server without a place for its sessions does not start', async () => {
  const args = ['serve', NOTES, '--addr', '127.0.0.1:0', '--mcp', 'guide', '--bucket', 'other'];
  const { status: exit, stderr } = await run(args, { cwd: temporaryFolder() });
  expect(stderr).toMatch(/^error: sessions cannot be kept: bucket "default" .*\n$/);
  expect(exit).toBe(1);
});

test.each([
  ['--allow-host', 'https://mcp.example.com'],
  ['--allow-origin', 'mcp.example.com'],
  ['--public-url', 'ftp://mcp.example.com'],
])('%s %s is wrong usage', async (flag, value) => {
  const { status: exit, stderr } = await run(['serve', NOTES, flag, value]);
  expect(stderr).toMatch(new RegExp(`^error: option '${flag} .*${value}.* Write an? `));
  expect(exit).toBe(2);
});
