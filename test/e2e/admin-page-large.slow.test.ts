import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../host/index.ts';
import { fillWithSessions, sessionId } from '../bench/session-store.ts';
import { CHROMIUM } from '../support/browser.ts';
import { temporaryFolder } from '../support/command.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { servePage } from '../support/page-server.ts';

const SESSIONS = 100_000;
/** Rows that exist at once, whatever the number of sessions. */
const MOST_ROWS = 60;

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

/** Milliseconds that the page's thread was busy at a time, the longest first. */
const LONG_TASKS = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(Math.round(duration));
    longTasks.sort((a, b) => b - a);
  }).observe({ type: 'longtask', buffered: true });`;

test('the page stays fluent with 100,000 sessions', { timeout: 300_000 }, async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const store = await openStore(url, { durability: 'process' });
  await fillWithSessions(store, { sessions: SESSIONS, expired: 10_000, subjects: 5000 });
  await store.close();
  const { admin } = await servePage({ store: url });
  const { page, problems } = await openPage(browser!, admin.url, { bypassCSP: true });
  await page.evaluate(LONG_TASKS);
  const grid = page.getByRole('grid', { name: 'Sessions' });
  const rows = page.locator('[role=row][aria-selected]');
  const status = page.locator('.statusbar');

  const start = performance.now();
  await rows.first().waitFor();
  const first = performance.now() - start;

  // To the end of what is loaded, again and again: the next page is loaded each time.
  for (const loaded of ['1,000', '1,500', '2,000', '2,500', '3,000']) {
    await grid.press('End');
    await status.filter({ hasText: `${loaded} loaded` }).waitFor();
    expect(await rows.count()).toBeLessThan(MOST_ROWS);
  }
  for (let at = 0; at < 100; at++) await page.mouse.wheel(0, -900);
  await grid.press('Home');
  expect(await rows.first().getAttribute('aria-rowindex')).toBe('2');
  expect(await rows.count()).toBeLessThan(MOST_ROWS);

  // One of the hundred thousand, by a part of its id.
  const id = sessionId(77_777);
  const before = performance.now();
  await page.getByLabel('Search sessions').fill(id.slice(0, 13));
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(1);
  const searched = performance.now() - before;
  await rows.first().click();
  await page.getByText('item 77777').waitFor();

  const longTasks = await page.evaluate<number[]>('longTasks');
  console.log(
    `first rows ${Math.round(first)} ms, search ${Math.round(searched)} ms, longest tasks of the page ${longTasks.slice(0, 5)} ms`,
  );
  // On an idle machine below 100; a task of this length would be felt as a hang.
  expect(longTasks[0] ?? 0).toBeLessThan(1000);
  expect(problems).toEqual([]);
});
