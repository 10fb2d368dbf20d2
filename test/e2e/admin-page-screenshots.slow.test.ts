import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { temporaryFolder } from '../support/command.ts';
import { callTool, rpc } from '../support/mcp.ts';
import { launchBrowser, openPage } from '../support/page-browser.ts';
import { type PageServer, servePage } from '../support/page-server.ts';

/** `npm run docs:screenshots` replaces those of the documentation; otherwise they are only tried. */
const REPLACE = process.env.WASMCP_NODE_SCREENSHOTS === 'docs';
const DOCS = join(import.meta.dirname, '../../docs');

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

const SUBJECTS = ['alice', 'bob', 'carol', 'dave@example.com', 'erin', 'frank', 'grace'];
const ITEMS = ['green tea', 'mug', 'spoon', 'kettle', 'sugar'];

/** Sessions of several people, some of them ended, and the id of the last one. */
async function populate({ url, open }: PageServer): Promise<string> {
  let last = '';
  for (let n = 0; n < 24; n++) {
    last = await open(SUBJECTS[(n * 3) % SUBJECTS.length]!, ITEMS.slice(0, 1 + (n % ITEMS.length)));
    if (n % 6 === 4) await rpc(url, 'tools/call', { name: 'end_session', arguments: {} }, last);
  }
  const id = await open('bob', ITEMS.slice(0, 3));
  await callTool(url, id, 'values_write');
  return id;
}

/** Requests of several kinds, so that there is something to see. */
async function call({ url }: PageServer, id: string): Promise<void> {
  for (let n = 0; n < 12; n++) {
    await callTool(url, id, 'counter');
    await rpc(url, 'tools/list', {}, id);
    await rpc(url, 'tools/call', { name: 'cart_show', arguments: {} }, n % 5 === 3 ? 'unknown' : id);
    await callTool(url, id, 'preference_set', { name: 'color', value: `${n}` });
  }
}

test('pictures of the page for the documentation', { timeout: 180_000 }, async () => {
  const server = await servePage();
  const id = await populate(server);
  const folder = REPLACE ? DOCS : temporaryFolder();
  const take = async (page: Page, name: string): Promise<void> => {
    const path = join(folder, `page-${name}.png`);
    await page.screenshot({ path });
    expect(statSync(path).size).toBeGreaterThan(20_000);
  };
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, problems } = await openPage(browser!, server.admin.url, {
      colorScheme,
      viewport: { width: 1200, height: 720 },
    });
    await page.getByRole('row', { name: id.slice(0, 8) }).click();
    await page.getByRole('article', { name: 'Value cart' }).waitFor();
    await page.mouse.move(900, 700);
    await take(page, `sessions-${colorScheme}`);
    await page.getByRole('link', { name: 'Requests' }).click();
    await call(server, id);
    await page
      .getByRole('row', { name: /preference_set/ })
      .first()
      .click();
    await take(page, `requests-${colorScheme}`);
    expect(problems).toEqual([]);
  }
});
