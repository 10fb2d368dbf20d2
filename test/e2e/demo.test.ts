import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/command.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('npm start follows the guide, and ends with npm, however that ends', { timeout: 120_000 }, async () => {
  const store = `sqlite:${temporaryFolder()}/store.db`;
  const npm = spawn('npm', ['start', '--', '--addr', '127.0.0.1:0', '--store', store], { cwd: ROOT });
  onTestFinished(() => {
    npm.kill('SIGKILL');
  });
  npm.stdout.resume();
  let url: string | undefined;
  const lines = createInterface(npm.stderr);
  for await (const line of lines) {
    url = /Serving HTTP on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  npm.stderr.resume();
  const params = { name: 'cart_add', arguments: { item: 'apple' } };
  const response = await fetch(`${url}mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('mcp-session-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(await response.json()).toMatchObject({ id: 1, result: { content: [{ text: 'apple' }] } });
  npm.kill('SIGKILL');
  // The server has these pipes as well.
  await once(npm, 'close');
  await expect(fetch(url!)).rejects.toThrow();
});
