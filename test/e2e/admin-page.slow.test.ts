import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { callTool, rpc } from '../support/mcp.ts';
import { launchBrowser, openPage, PATIENCE, rows, textsOf } from '../support/page-browser.ts';
import { servePage } from '../support/page-server.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(({ skip }) => skip(browser === undefined, 'no Chromium on the PATH, and CHROMIUM is not set'));

describe('the page of the admin address', { timeout: 120_000 }, () => {
  test('finds the session that a subject wrote last, shows its cart, and ends it', async () => {
    const { url, admin, open } = await servePage();
    await open('bob', ['old tea']);
    await open('alice', ['mug']);
    const latest = await open('bob', ['green tea', 'cup']);
    await open('carol', ['spoon']);

    const { page, problems } = await openPage(browser!, admin.url);
    await page.getByLabel('Search sessions').fill('bob');
    await expect.poll(() => rows(page), PATIENCE).toHaveLength(2);
    expect((await rows(page))[0]).toMatch(new RegExp(`^Live ${latest.slice(0, 8)} bob`));
    await page.getByRole('row', { name: latest.slice(0, 8) }).click();
    const cart = page.getByRole('tree', { name: 'JSON of cart' });
    await cart.waitFor();
    expect(await textsOf(cart.getByRole('treeitem'))).toEqual(['▾[2]', '0: "green tea"', '1: "cup"']);

    await page.getByRole('button', { name: 'End session…' }).click();
    const dialog = page.getByRole('dialog', { name: 'End this session?' });
    await dialog.getByText('of bob').waitFor();
    // Nothing happens before it is confirmed.
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect((await rpc(url, 'tools/list', {}, latest)).status).toBe(200);
    await page.getByRole('button', { name: 'End session…' }).click();
    await dialog.getByRole('button', { name: 'End session' }).click();

    await page.getByText('This session ended').waitFor();
    expect((await rpc(url, 'tools/list', {}, latest)).status).toBe(404);
    await expect.poll(async () => (await rows(page))[0], PATIENCE).toMatch(/^Ended .* bob/);
    expect(await page.getByRole('button', { name: /^(Edit|Delete|Add)/ }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('values of all six types are shown, edited, and read back by the guest that wrote them', async () => {
    const { url, admin, open } = await servePage();
    const id = await open('dora');
    await callTool(url, id, 'values_write');
    const { page, problems } = await openPage(browser!, `${admin.url}#/sessions/${id}`);
    const card = (type: string) => page.getByRole('article', { name: `Value value:${type}` });
    await card('json').waitFor();
    const shown = async (type: string) => (await textsOf(card(type))).join();
    expect(await shown('string')).toBe('value:string string Edit Delete Grüße, Welt');
    expect(await shown('json')).toContain('name: "tea" price: 7.5 paid: false');
    expect(await shown('u64')).toContain('18446744073709551615');
    expect(await shown('s64')).toContain('-9223372036854775808');
    expect(await shown('bool')).toContain('true');
    expect(await shown('bytes')).toContain('000000 00 ff 68 69 ··hi');

    const edits: Record<string, string> = {
      string: 'two\nlines <b>',
      json: '{ "items": [], "big": 12345678901234567890 }',
      u64: '18446744073709551614',
      s64: '-1',
      bool: 'false',
      bytes: 'AP8A',
    };
    const dialog = page.getByRole('dialog');
    for (const [type, text] of Object.entries(edits)) {
      await card(type)
        .getByRole('button', { name: `Edit value:${type}` })
        .click();
      const field = dialog.getByLabel('Value', { exact: true });
      if (type === 'bool') await field.selectOption(text);
      else await field.fill(text);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
    }
    expect(JSON.parse(await callTool(url, id, 'values_read'))).toEqual({
      string: ['string', 'two\nlines <b>'],
      json: ['json', '{"items":[],"big":12345678901234567890}'],
      u64: ['u64', '18446744073709551614'],
      s64: ['s64', '-1'],
      bool: ['bool', false],
      bytes: ['bytes', [0, 255, 0]],
    });
    await expect.poll(() => shown('s64'), PATIENCE).toContain('-1');
    expect(await shown('string')).toContain('two lines <b>');
    expect(problems).toEqual([]);
  });

  test('a value that its type does not allow is refused with the reason, and so is what the server refuses', async () => {
    const { url, admin, open } = await servePage();
    const id = await open('dora');
    await callTool(url, id, 'counter');
    const { page } = await openPage(browser!, `${admin.url}#/sessions/${id}`);
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Edit counter' }).click();
    await dialog.getByLabel('Value', { exact: true }).fill('-1');
    await dialog.getByRole('button', { name: 'Save' }).click();
    expect(await textsOf(dialog.getByRole('alert'))).toEqual([
      'A u64 is a whole number from 0 to 18446744073709551615.',
    ]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Add value…' }).click();
    await dialog.getByLabel('Key').fill('jwt:sub');
    await dialog.getByLabel('Value', { exact: true }).fill('mallory');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect
      .poll(() => textsOf(dialog.getByRole('alert')), PATIENCE)
      .toEqual([expect.stringContaining('belongs to the server')]);
    await dialog.getByLabel('Key').fill('note');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('article', { name: 'Value note' }).waitFor();
    await page.getByRole('button', { name: 'Delete note' }).click();
    await dialog.getByRole('button', { name: 'Delete value' }).click();
    await page.getByRole('article', { name: 'Value note' }).waitFor({ state: 'detached' });
    expect(await callTool(url, id, 'counter')).toBe('2');
  });

  test('what happens on the server appears by itself', async () => {
    const { url, admin, open } = await servePage();
    const { page, problems } = await openPage(browser!, admin.url);
    await page.getByText('No sessions yet').waitFor();
    const id = await open('eve');
    await page.getByRole('row', { name: id.slice(0, 8) }).click();
    await page.getByText('The component has stored nothing').waitFor();
    await callTool(url, id, 'counter');
    const counter = page.getByRole('article', { name: 'Value counter' });
    await counter.waitFor();
    // An editor that is open says that it shows an older value.
    await page.getByRole('button', { name: 'Edit counter' }).click();
    await callTool(url, id, 'counter');
    await page.getByText('This value has changed since you opened it').waitFor();
    await page.getByRole('button', { name: 'Take the new value' }).click();
    expect(await page.getByRole('dialog').getByLabel('Value', { exact: true }).inputValue()).toBe('2');
    await page.keyboard.press('Escape');
    await rpc(url, 'tools/call', { name: 'end_session', arguments: {} }, id);
    await page.getByText('This session ended').waitFor();

    await page.getByRole('link', { name: 'Requests' }).click();
    const call = page.getByRole('row', { name: /tools\/call counter/ });
    await expect.poll(() => call.count(), PATIENCE).toBe(2);
    await call.first().click();
    const pane = page.getByRole('region', { name: /^Request \d+$/ });
    expect(await textsOf(pane)).toEqual([expect.stringMatching(/POST \/mcp Status 200 .* Guest [\d.]+ ms/)]);
    await pane.getByRole('link', { name: id.slice(0, 8) }).click();
    // Requests carry the id too, and are still in view for a moment.
    await page.getByRole('row', { name: new RegExp(`^Ended ${id.slice(0, 8)}`) }).waitFor();
    expect(page.url()).toContain(`#/sessions?search=${id.slice(0, 8)}`);
    expect(problems).toEqual([]);
  });

  test('a lost connection is said, and found again', async () => {
    const first = await servePage();
    const port = Number(new URL(first.admin.url).port);
    const { page } = await openPage(browser!, first.admin.url);
    await page.getByRole('banner').getByText('Live').waitFor();
    await first.admin.close();
    const banner = page.getByRole('alert').filter({ hasText: 'The connection to the server is lost' });
    await banner.waitFor();
    await first.server.close(0);

    const second = await servePage({ port, store: first.store });
    await banner.waitFor({ state: 'detached' });
    const id = await second.open('frank');
    await page.getByRole('row', { name: id.slice(0, 8) }).waitFor();
  });

  test('keys of buckets are found, edited unless they have changed, and deleted', async () => {
    const { url, admin, open } = await servePage();
    const id = await open('gina', ['tea']);
    await callTool(url, id, 'total');
    const { page, problems } = await openPage(browser!, `${admin.url}#/buckets`);
    await page.getByLabel('Keys that begin with').fill(`${id}:cart`);
    await expect.poll(() => rows(page), PATIENCE).toEqual([expect.stringMatching(`^${id}:cart`)]);
    await page.getByRole('row', { name: `${id}:cart` }).click();
    const there = page.getByRole('link', { name: 'edit it there' });
    await there.waitFor();
    expect(await there.getAttribute('href')).toBe(`#/sessions/${id}?bucket=default`);
    expect(await page.getByRole('button', { name: 'Edit…' }).count()).toBe(0);
    await page.getByLabel('Keys that begin with').fill('total');
    await page.getByRole('row', { name: 'total' }).click();
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Edit…' }).click();
    await callTool(url, id, 'total');
    await dialog.getByRole('textbox').fill('41');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect
      .poll(() => textsOf(dialog.getByRole('alert')), PATIENCE)
      .toEqual([expect.stringContaining('was changed meanwhile')]);
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('button', { name: 'Edit…' }).click();
    await dialog.getByRole('textbox').fill('999');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => rows(page), PATIENCE).toEqual([expect.stringMatching(/^total\s*3 B/)]);
    expect(await callTool(url, id, 'total')).toBe('1000');
    await page.reload();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await dialog.getByRole('button', { name: 'Delete key' }).click();
    await page.getByText('No key selected').waitFor();
    await expect.poll(() => rows(page), PATIENCE).toEqual([]);
    expect(await callTool(url, id, 'total')).toBe('1');
    expect(problems).toEqual([]);
  });
});
