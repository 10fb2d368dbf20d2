import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { callTool } from '../support/mcp.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { servePage } from '../support/page-server.ts';

/** Chromium may have to wait for the processor. */
const PATIENCE = { timeout: 30_000 };

const TOKEN = 'a-token-for-this-test';

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

/** A page of another origin, of which Chromium says so. */
async function foreignPage(html: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://stranger.test:${(server.address() as AddressInfo).port}/`;
}

describe('who may use the page', { timeout: 120_000 }, () => {
  test('with a token the page asks for it, says that one is wrong, and forgets it as asked', async () => {
    const { admin, open } = await servePage({ token: TOKEN });
    const id = await open('bob');
    const { page, problems } = await openPage(browser!, admin.url);
    const field = page.getByLabel('Token');
    await field.fill('a-wrong-token-for-this-test');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The server does not accept this token').waitFor();
    await field.fill(TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    const row = page.getByRole('row', { name: id.slice(0, 8) });
    await row.waitFor();
    await page.reload();
    await row.click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await field.waitFor();
    expect(
      await page.evaluate(() => [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })]),
    ).toEqual(['', '{}']);
    expect(problems).toEqual([]);
  });

  test('without a token, an address that others reach has no page', async () => {
    const { admin } = await servePage({ host: '0.0.0.0' });
    const url = admin.url.replace('0.0.0.0', '127.0.0.1');
    for (const path of ['', 'assets/anything.js']) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).toEqual([
        403,
        expect.stringContaining('--admin-token-file'),
      ]);
    }
  });

  test('a page of another origin can neither embed, read nor change anything', async () => {
    const { url, admin, open } = await servePage();
    const id = await open('bob', ['tea']);
    const value = `${admin.url}api/v1/sessions/${id}/values/cart`;
    const origin = await foreignPage(`
      <iframe src="${admin.url}"></iframe>
      <form method="post" action="${value}" target="sink"><input name="a" value="b"></form>
      <iframe name="sink"></iframe>
      <script>
        document.forms[0].submit();
        const send = (url, options) => fetch(url, options).then(({ type, status }) => type + ' ' + status, String);
        globalThis.sent = Promise.all([
          send('${admin.url}api/v1/sessions'),
          send('${value}', { method: 'DELETE' }),
          send('${value}', { method: 'PUT', body: '{"type":"json","value":[]}', headers: { 'content-type': 'application/json' } }),
          send('${value}', { method: 'POST', mode: 'no-cors', body: 'x' }),
        ]);
      </script>`);
    const { page } = await openPage(browser!, 'about:blank');
    const statuses = new Map<string, number>();
    page.on('response', (response) => {
      const request = response.request();
      const kind = `${request.method()} ${request.resourceType()}`;
      if (request.url().startsWith(admin.url)) statuses.set(kind, response.status());
    });
    await page.goto(origin);
    const failed = 'TypeError: Failed to fetch';
    expect(await page.evaluate('sent')).toEqual([failed, failed, failed, 'opaque 0']);
    // The page in a frame, and what a form sends.
    await expect
      .poll(() => [statuses.get('GET document'), statuses.get('POST document')], PATIENCE)
      .toEqual([403, 403]);
    expect(await callTool(url, id, 'cart_show')).toBe('tea');
  });

  test('what clients have stored is text, never markup, and no script runs but that of the page', async () => {
    const { admin, open } = await servePage();
    const evil = '<img src=x onerror=alert(1)>';
    const id = await open(evil, [evil]);
    const { page, problems } = await openPage(browser!, `${admin.url}#/sessions/${id}`);
    await page.getByRole('treeitem', { name: evil }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.getByText(evil).count()).toBeGreaterThan(2);
    expect(problems).toEqual([]);

    // What a mistake in the page could let through is refused by the browser.
    const refused = await page.evaluate(() => {
      const image = document.createElement('img');
      image.src = 'https://elsewhere.test/pixel';
      document.body.append(image);
      const attempts = [
        () => image.setAttribute('onerror', 'alert(1)'),
        () => document.body.insertAdjacentHTML('beforeend', '<b>markup</b>'),
      ];
      return attempts.map((attempt) => {
        try {
          return attempt();
        } catch (error) {
          return (error as Error).name;
        }
      });
    });
    expect(refused).toEqual(['TypeError', 'TypeError']);
    await expect.poll(() => problems.join(), PATIENCE).toMatch(/elsewhere\.test.*Content Security Policy/);
  });

  test('the page is served with its policy, its files for ever, and nothing beside them', async () => {
    const { admin } = await servePage();
    const index = await fetch(admin.url);
    expect(index.headers.get('cache-control')).toBe('no-cache');
    expect(index.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'/,
    );
    const [, script] = /<script[^>]* src="\.\/(assets\/[^"]+\.js)"/.exec(await index.text())!;
    const served = await fetch(admin.url + script);
    expect(served.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(served.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect((await fetch(admin.url + script, { method: 'POST' })).status).toBe(405);
    for (const path of [
      'assets/../index.html',
      'assets/%2e%2e/%2e%2e/package.json',
      'index.html',
      'assets/',
    ]) {
      expect((await fetch(admin.url + path)).status, path).toBe(404);
    }
    expect(await (await fetch(`${admin.url}LICENSES.txt`)).text()).toMatch(
      /preact[\s\S]*MIT[\s\S]*uplot[\s\S]*MIT/i,
    );
  });
});
