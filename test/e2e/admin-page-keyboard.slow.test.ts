import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { callTool, rpc } from '../support/mcp.ts';
import { axeViolations, launchBrowser, openPage, PATIENCE, rows } from '../support/page-browser.ts';
import { servePage } from '../support/page-server.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

describe('everybody can use the page of the admin address', { timeout: 120_000 }, () => {
  test('everything can be done by keyboard', async () => {
    const { admin, open } = await servePage();
    const older = await open('bob');
    const latest = await open('bob');
    await open('alice');
    const { page } = await openPage(browser!, admin.url);
    await expect.poll(() => rows(page), PATIENCE).toHaveLength(3);
    await page.keyboard.press('/');
    await page.keyboard.type('bob');
    const focus = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent,
      );
    expect(await focus()).toBe('Search sessions');
    const tabTo = async (name: string) => {
      for (let at = 0; at < 20 && (await focus()) !== name; at++) await page.keyboard.press('Tab');
      expect(await focus()).toBe(name);
    };
    await expect.poll(() => rows(page), PATIENCE).toHaveLength(2);
    await tabTo('Sessions');
    // Faster than the selection arrives.
    await page.evaluate(() => {
      for (let at = 0; at < 2; at++)
        document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown' }));
    });
    await page.waitForURL(new RegExp(older));
    await page.keyboard.press('Home');
    await page.waitForURL(new RegExp(latest));
    await page.getByRole('button', { name: 'End session…' }).waitFor();
    await tabTo('End session…');
    await page.keyboard.press('Enter');
    await expect.poll(focus, PATIENCE).toBe('Cancel');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('This session ended').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('No session selected').waitFor();
  });

  test.each([
    ['light', []],
    // The others do not depend on colors.
    ['dark', ['color-contrast']],
  ] as const)('axe finds nothing wrong, in %s', { timeout: 300_000 }, async (colorScheme, rules) => {
    const { url, admin, open } = await servePage();
    const id = await open('bob', ['tea']);
    await callTool(url, id, 'values_write');
    const ended = await open('alice');
    await rpc(url, 'tools/call', { name: 'end_session', arguments: {} }, ended);
    const { page } = await openPage(browser!, admin.url, { colorScheme, bypassCSP: true });
    await page.getByRole('row', { name: 'bob' }).waitFor();
    expect(await axeViolations(page, rules)).toEqual([]);
    for (const [path, text] of [
      [`sessions/${id}`, 'value:json'],
      [`sessions/${ended}`, 'This session ended'],
      ['sessions/none', 'There is no such session'],
      [`buckets/default/${encodeURIComponent(`${id}:value:json`)}`, '"paid":false'],
      ['overview', 'Requests per second'],
      ['nowhere', 'There is no such view'],
    ]) {
      await page.goto(`${admin.url}#/${path}`);
      await page.getByText(text!).first().waitFor();
      expect(await axeViolations(page, rules), path).toEqual([]);
    }
    await page.goto(`${admin.url}#/requests`);
    await callTool(url, id, 'counter');
    await page.getByRole('row', { name: /counter/ }).click();
    expect(await axeViolations(page, rules), 'requests').toEqual([]);
    await page.goto(`${admin.url}#/sessions/${id}`);
    for (const name of ['End session…', 'Add value…', 'Edit value:json', 'Shortcuts']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').waitFor();
      expect(await axeViolations(page, rules), name).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.setViewportSize({ width: 400, height: 700 });
    expect(await axeViolations(page, rules), 'narrow').toEqual([]);
  });
});
