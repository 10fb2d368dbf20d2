import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { CHROMIUM } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page that is open in Chromium, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of scripts, refusals of the Content-Security-Policy, and requests to other origins. */
  readonly problems: string[];
}

/** To be closed by the caller: it takes seconds to start. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: [
      // Containers have little shared memory.
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP *.test 127.0.0.1',
      // Chromium's sandbox refuses to start as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** Opens a page in a profile of its own, which is closed at the end of the test. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  // Chromium may have to wait for the processor.
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  const problems: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // Chromium reports each response that is no success, which may be what a test is about.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text()))
      problems.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong with the page as it is, by all rules or these; it has to be opened with `bypassCSP`. */
export async function axeViolations(page: Page, rules: readonly string[] = []): Promise<string[]> {
  await page.evaluate(AXE);
  // What fades in has little contrast until it is there.
  await page.locator('.loading').waitFor({ state: 'detached' });
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(${JSON.stringify(rules.length > 0 ? { runOnly: rules } : {})})`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** Chromium may have to wait for the processor. */
export const PATIENCE: { readonly timeout: number } = { timeout: 30_000 };

/** The rendered texts of the elements, in one line each. */
export async function textsOf(elements: Locator): Promise<string[]> {
  return (await elements.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
}

/** The rows of the list in view, the first first. */
export function rows(page: Page): Promise<string[]> {
  return textsOf(page.locator('[role=row][aria-selected]'));
}
