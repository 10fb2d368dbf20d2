import { beforeEach, describe, expect, test } from 'vitest';
import { browse, CHROMIUM } from '../support/browser.ts';
import { fixture, type ServeProcess, serve } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { servePages } from '../support/pages.ts';
import { RAW_GLUE_PATIENCE, rawGlue } from '../support/raw-glue.ts';

function start(args: readonly string[] = []): Promise<ServeProcess> {
  return serve(fixture('notes-draft'), ['--store', 'memory:', '--mcp', 'guide', ...args]);
}

// A browser takes seconds to start, and longer beside other tests.
describe('pages in Chromium', { timeout: 60_000 * (rawGlue ? RAW_GLUE_PATIENCE : 1) }, () => {
  beforeEach(({ skip }) => skip(CHROMIUM === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

  test.each([
    ['this machine, as ever', 'localhost', []],
    ['an origin that --allow-origin names', 'allowed.test', ['--allow-origin']],
  ])('the official client works in a page of %s', async (_, host, flag) => {
    const pages = await servePages();
    const origin = `http://${host}:${pages.port}`;
    const server = await start(flag.length > 0 ? [...flag, origin] : []);
    void browse(`${origin}/client.html?server=${server.url}/mcp`);
    expect(await pages.report).toEqual({
      session: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tools: expect.arrayContaining(['counter']),
      counts: ['1', '2'],
      asked: expect.stringContaining('"username":"ada"'),
      worked: 'Tool with progress executed successfully',
      progress: [0, 50, 100],
    });
  });

  test('a page of any other origin learns nothing, and no guest hears of it', async () => {
    const pages = await servePages();
    const origin = `http://stranger.test:${pages.port}`;
    const server = await start(['--allow-origin', 'http://allowed.test']);
    void browse(`${origin}/intruder.html?server=${server.url}/mcp`);
    const failed = 'TypeError: Failed to fetch';
    expect(await pages.report).toEqual({ asked: failed, simple: failed, blind: 'opaque 0' });
    expect(server.text.stderr).toContain(`origin "${origin}" is not allowed`);
    expect((await fetch(`${server.url}/mcp`, { method: 'POST', headers: { origin } })).status).toBe(403);
    expect(await callTool(server.url, await initialize(server.url), 'total')).toBe('1');
  });

  test('a name that was bound to this machine meanwhile reaches no guest', async () => {
    const server = await start();
    const rebound = server.url.replace('127.0.0.1', 'stranger.test');
    const page = await browse(`${rebound}/mcp`, ['--dump-dom']);
    expect(page).toContain(`host \\"stranger.test:${new URL(server.url).port}\\" is not allowed`);
  });
});
