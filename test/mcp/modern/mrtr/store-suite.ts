import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../src/index.ts';
import { BUCKET, ROTATION } from '../../../../src/mcp/modern/mrtr/state-keys.ts';
import { fixture, type ServeProcess, serve } from '../../../support/command.ts';
import { as, OAUTH_ARGS } from '../../../support/tokens.ts';
import { type Attempt, again, attempt } from './asking.ts';

/** Where the stores of a suite are. */
export interface StorePlace {
  /** The URL of a new store. */
  url(): string;
  close(): Promise<void>;
}

const TOOL = 'test_elicitation';
const ARGS = { message: 'Who are you?' };
const SLOW = 120_000;

/** What a client gets for a retry: `continued`, or why it is refused. */
async function outcome(url: string, retry: Attempt, name: string = TOOL): Promise<unknown> {
  const { status, body } = await attempt(url, name, retry);
  if (status === 200) {
    return body.result.content[0].text.startsWith('User response: ') ? 'continued' : body.result;
  }
  return body.error?.code === -32602 ? `${status} ${body.error.data?.reason}` : status;
}

/** A call whose guest waits, and the retry that continues it. */
async function begin(url: string, first: Attempt = { args: ARGS }): Promise<Attempt> {
  return again(await attempt(url, TOOL, first), first);
}

function changed(state: unknown, at: number): string {
  const text = state as string;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}

/** What two hosts of one store say to a `requestState`, the one that has the guest and the other one. */
export function requestStateSuite(kind: string, isHere: boolean, open: () => Promise<StorePlace>): void {
  describe.skipIf(!isHere)(`requestState on ${kind}`, () => {
    let place: StorePlace;
    beforeAll(async () => {
      place = await open();
    }, SLOW);
    afterAll(() => place?.close());

    const start = (store: string, args: readonly string[], shift = 0): Promise<ServeProcess> =>
      serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store, '--store-wait', '60s', ...args], {
        env: shift === 0 ? {} : ahead(shift),
      });

    async function twoHosts(args: readonly string[] = []): Promise<[ServeProcess, ServeProcess, string]> {
      const store = place.url();
      return [await start(store, args), await start(store, args), store];
    }

    test(
      'is refused if it is forged, for other arguments and to other principals, and still good as it was',
      async () => {
        const [first, second] = await twoHosts(OAUTH_ARGS);
        const headers = as('ada');
        const retry = await begin(first.url, { args: ARGS, headers });
        const { requestState } = retry;
        const rows: [string, Attempt, unknown][] = [
          ['format', { requestState: changed(requestState, 0) }, '400 invalid'],
          ['key', { requestState: changed(requestState, 5) }, '400 invalid'],
          ['nonce', { requestState: changed(requestState, 12) }, '400 invalid'],
          ['tag', { requestState: changed(requestState, 30) }, '400 invalid'],
          ['contents', { requestState: changed(requestState, 60) }, '400 invalid'],
          ['made up', { requestState: 'state' }, '400 invalid'],
          ['arguments', { args: { message: 'Who am I?' } }, '400 other-request'],
          ['method', { method: 'prompts/get' }, '400 other-request'],
          ['subject', { headers: as('eve') }, '400 other-client'],
          ['issuer', { headers: as('ada', { iss: 'other' }) }, '400 other-client'],
          ['forged token', { headers: { authorization: `${headers.authorization}0` } }, 401],
          ['no token', { headers: {} }, 401],
        ];
        for (const { url } of [second, first]) {
          const outcomes = [];
          for (const [name, change] of rows)
            outcomes.push([name, await outcome(url, { ...retry, ...change })]);
          expect(outcomes).toEqual(rows.map(([name, , expected]) => [name, expected]));
          expect(await outcome(url, retry, 'test_sampling')).toBe('400 other-request');
        }
        expect(await outcome(first.url, retry)).toBe('continued');
        for (const { url } of [second, first]) expect(await outcome(url, retry)).toBe('400 used');
      },
      SLOW,
    );

    test(
      'has one use, however many retries arrive on both hosts at once',
      async () => {
        const [first, second] = await twoHosts();
        for (let round = 0; round < 5; round++) {
          const retry = await begin(first.url);
          const urls = Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? second : first).url);
          const outcomes = await Promise.all(urls.map((url) => outcome(url, retry)));
          expect(outcomes.filter((one) => one === 'continued')).toHaveLength(1);
          expect(outcomes.filter((one) => one === '400 used' || one === '400 gone')).toHaveLength(15);
          for (const { url } of [first, second]) expect(await outcome(url, retry)).toBe('400 used');
        }
      },
      SLOW,
    );

    test(
      'gets an error on another host and after kill -9, and the call can be made again',
      async () => {
        const [first, second, store] = await twoHosts();
        const [retry, other] = [await begin(first.url), await begin(first.url)];
        expect(await outcome(second.url, retry)).toBe('400 gone');
        expect(await outcome(first.url, retry)).toBe('continued');
        await first.stop('SIGKILL');
        const third = await start(store, []);
        for (const { url } of [second, third]) {
          expect(await outcome(url, retry)).toBe('400 used');
          expect(await outcome(url, other)).toBe('400 gone');
          expect(await outcome(url, await begin(url))).toBe('continued');
        }
      },
      SLOW,
    );

    test(
      'expires after --input-wait',
      async () => {
        const [first, second] = await twoHosts(['--input-wait', '300ms']);
        const retry = await begin(first.url);
        await first.told(/did not respond to "elicitation\/create" within 300 ms/);
        for (const { url } of [first, second]) expect(await outcome(url, retry)).toBe('400 expired');
      },
      SLOW,
    );

    test(
      'is good after its key was replaced, and not once the key is gone',
      async () => {
        const wait = ['--input-wait', '48h'];
        const [first, , store] = await twoHosts(wait);
        const tomorrow = await start(store, wait, ROTATION);
        const retry = await begin(first.url);
        const later = await begin(tomorrow.url);
        // Each host opens the state of the other one.
        expect(await outcome(tomorrow.url, retry)).toBe('400 gone');
        expect(await outcome(first.url, later)).toBe('400 gone');
        expect(await outcome(first.url, retry)).toBe('continued');
        expect(await outcome(tomorrow.url, retry)).toBe('400 used');
        expect(await outcome(tomorrow.url, later)).toBe('continued');

        const muchLater = await start(store, wait, 10 * ROTATION);
        expect(await outcome(muchLater.url, later)).toBe('400 invalid');
        expect(await outcome(muchLater.url, await begin(muchLater.url))).toBe('continued');
        const opened = await openStore(store);
        onTestFinished(() => opened.close());
        const names = await opened.range(BUCKET, 'key/', 100);
        expect(names.filter((name) => name.startsWith('key/'))).toHaveLength(1);
      },
      SLOW,
    );
  });
}

/** The clock of the process is ahead by this many milliseconds. */
function ahead(shift: number): Record<string, string> {
  const preload = join(import.meta.dirname, '../../../support/shifted-clock.mjs');
  return { NODE_OPTIONS: `--import=${preload}`, CLOCK_SHIFT: String(shift) };
}
