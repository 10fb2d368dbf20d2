import { expect, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { raw } from '../support/serving.ts';

const NOTES = fixture('notes-draft');

async function status(url: string, ...fields: readonly string[]): Promise<string> {
  const answer = await raw(url, `${['GET / HTTP/1.1', ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  return answer.slice(9, 12);
}

test('at its start a server reports its sessions, who may connect, and the address for clients', async () => {
  const { url, text, told } = await serve(
    NOTES,
    ['--mcp', 'guide', '--store', 'memory:', '--allow-origin', 'https://app.example.com'],
    { env: { WASMCP_NODE_ALLOW_HOST: 'mcp.example.com,b.example:1' } },
  );
  expect(text.stderr).toMatch(
    /^Sessions on, in bucket "default" of memory:; auth public; open to this machine, mcp\.example\.com, b\.example:1; pages of https:\/\/app\.example\.com\nStore memory:\nServing HTTP on /,
  );
  await told(new RegExp(`^Serving HTTP on ${url}/\\nMCP endpoint: ${url}/mcp$`, 'm'));
  expect(await status(url, 'Host: mcp.example.com')).toBe('405');
  expect(await status(url, 'Host: b.example:1', 'Origin: https://app.example.com')).toBe('405');
  expect(await status(url, 'Host: b.example')).toBe('403');
  expect(text.stderr).toContain('warn: access-policy: host "b.example" is not allowed');
});

test('a server on all addresses warns of it, unless it knows its own names', async () => {
  const open = ['--store', 'memory:', '--addr', '0.0.0.0:0'];
  const { text } = await serve(NOTES, open);
  expect(text.stderr).toMatch(/^warn: access-policy: 0\.0\.0\.0 .*--allow-host/);
  const listed = await serve(NOTES, [...open, '--public-url', 'https://mcp.example.com']);
  expect(listed.text.stderr).not.toContain('warn');
});

test.each([
  ['all addresses', ['--addr', '0.0.0.0:0'], /^MCP endpoint: http:\/\/localhost:[1-9]\d*\/mcp$/m],
  ['all addresses of IPv6', ['--addr', '[::]:0'], /^MCP endpoint: http:\/\/localhost:[1-9]\d*\/mcp$/m],
  [
    'a public URL',
    ['--public-url', 'https://example.com/notes/'],
    /^MCP endpoint: https:\/\/example\.com\/notes\/mcp$/m,
  ],
])('the address for clients of a server with %s', async (_, options, line) => {
  const { told } = await serve(NOTES, ['--mcp', 'guide', '--store', 'memory:', ...options]);
  await told(line);
});

test('a component that is not an MCP server has no address for MCP clients', async () => {
  const { text, stop } = await serve(fixture('http-lab'), ['--store', 'memory:']);
  await stop();
  expect(text.stderr).not.toContain('MCP endpoint');
});

test('a server that cannot store its sessions does not start', async () => {
  const args = ['serve', NOTES, '--addr', '127.0.0.1:0', '--mcp', 'guide', '--bucket', 'other'];
  const { status: exit, stderr } = await run(args, { cwd: temporaryFolder() });
  expect(stderr).toMatch(/^error: sessions cannot be stored: bucket "default" .*\n$/);
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
