import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../host/index.ts';
import { put } from '../mcp/sessions/stored.ts';
import { CHROMIUM } from '../support/browser.ts';
import { launchBrowser, openPage, textsOf } from '../support/page-browser.ts';
import { servePage } from '../support/page-server.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

test('a key leads to the session of another bucket, whose claims and times are as the command shows them', {
  timeout: 120_000,
}, async () => {
  const { admin, store: url } = await servePage();
  const store = await openStore(url);
  const id = await put(store, { created_at: Date.UTC(2026, 0, 2, 3, 4, 5) }, 1, 'mine');
  await store.set('mine', `${id}:jwt:sub`, Buffer.from('\x06hedy'));
  await store.close();
  const { page, problems } = await openPage(browser!, `${admin.url}#/buckets/mine`);
  await page.getByRole('row', { name: `${id}:key 0` }).click();
  await page.getByRole('link', { name: 'edit it there' }).click();
  const claim = page.getByRole('article', { name: 'Value jwt:sub' });
  await claim.waitFor();
  expect((await textsOf(claim)).join()).toMatch(/bytes.*hedy/s);
  await page.getByText('2026-01-02 03:04:05Z').waitFor();
  await page.getByRole('button', { name: 'Delete key 0' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete value' }).click();
  await page.getByText('by an administrator').waitFor();
  expect(await page.getByRole('article', { name: 'Value key 0' }).count()).toBe(0);
  expect(problems).toEqual([]);
});
