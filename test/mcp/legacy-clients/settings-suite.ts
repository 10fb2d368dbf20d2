import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, type ServeProcess, serve } from '../../support/command.ts';
import type { StorePlace } from '../modern/mrtr/store-suite.ts';
import { connect, type LegacyClient } from './legacy.ts';

const SLOW = 120_000;
const URI = 'test://watched-resource';
const PATIENCE = { timeout: 20_000 };

/** The level that the guest gets with a request. */
async function level(client: LegacyClient): Promise<string> {
  return JSON.parse(await client.call('whoami'))['io.modelcontextprotocol/logLevel'];
}

async function asked(client: LegacyClient, method: string, params: object): Promise<void> {
  expect(await (await client.request(method, params)).last()).toMatchObject({ result: {} });
}

/** What a client has set in its session, on two hosts of one store. */
export function settingsSuite(kind: string, isHere: boolean, open: () => Promise<StorePlace>): void {
  describe.skipIf(!isHere)(`what a session has set, on ${kind}`, () => {
    let place: StorePlace;
    beforeAll(async () => {
      place = await open();
    }, SLOW);
    afterAll(() => place?.close());

    const start = (store: string): Promise<ServeProcess> =>
      serve(fixture('modern'), ['--mcp', 'guide', '--store', store, '--store-wait', '60s']);

    test(
      'holds on every host, and after kill -9',
      async () => {
        const store = place.url();
        const [first, second] = [await start(store), await start(store)];
        const client = await connect(first.url);
        const other = await connect(first.url);
        const there = client.at(second.url);
        expect(await level(there)).toBe('info');
        await asked(client, 'logging/setLevel', { level: 'error' });
        expect(await level(client)).toBe('error');
        // The host looks again within a second.
        await expect.poll(() => level(there), PATIENCE).toBe('error');
        expect(await level(other.at(second.url))).toBe('info');
        await asked(there, 'resources/subscribe', { uri: URI });
        await Promise.all([first.stop('SIGKILL'), second.stop('SIGKILL')]);

        const third = client.at((await start(store)).url);
        expect(await level(third)).toBe('error');
        const stream = await third.get();
        await third.call('cart_add', { item: 'pear' });
        expect(await stream.next()).toMatchObject({
          method: 'notifications/resources/updated',
          params: { uri: URI },
        });
      },
      SLOW,
    );

    test(
      'reaches a stream on one host from requests on another one',
      async () => {
        const store = place.url();
        const [first, second] = [await start(store), await start(store)];
        const client = await connect(first.url);
        const there = client.at(second.url);
        const stream = await client.get();
        await asked(there, 'resources/subscribe', { uri: URI });
        let hasHeard = false;
        const heard = stream.next().then((message) => {
          hasHeard = true;
          return message;
        });
        // Changes before the host of the stream has looked are not reported.
        for (let at = 0; !hasHeard; at++) await there.call('cart_add', { item: `pear ${at}` });
        expect(await heard).toMatchObject({
          method: 'notifications/resources/updated',
          params: { uri: URI },
        });
        // Subscriptions that both hosts make at once are all kept.
        const uris = Array.from({ length: 20 }, (_, at) => `test://${at}`);
        await Promise.all(
          uris.map((uri, at) => asked(at % 2 === 0 ? client : there, 'resources/subscribe', { uri })),
        );
      },
      SLOW,
    );
  });
}
