import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/command.ts';
import { hasPostgres, type Postgres, startPostgres } from '../support/postgres.ts';
import { sdk1, sdk2 } from '../support/sdk-clients.ts';
import { hasNginx, startBalancer } from './balancer.ts';
import { noEngine, startEngine } from './engine.ts';
import { fileIn, hostsCampaign } from './hosts.ts';
import { serveStore } from './server.ts';

const SMALL = { sessions: 20, calls: 100, load: 1000 };

const NOTHING_LOST = { lost: 0, excess: 0, stuck: 0 };

describe.skipIf(!hasNginx).each(['postgres', 'redis'] as const)('two hosts behind nginx on %s', (name) => {
  test.skipIf(noEngine(name) !== undefined)(
    'count all calls of a session, and lose nothing when a host or the engine is killed',
    async () => {
      const engine = await startEngine(name);
      onTestFinished(() => engine.close());
      expect(await hostsCampaign({ ...SMALL, store: engine.url, engine })).toMatchObject({
        counted: SMALL.calls,
        hostKilled: NOTHING_LOST,
        engineKilled: NOTHING_LOST,
      });
    },
    240_000,
  );
});

describe.skipIf(!hasNginx || !hasPostgres)('two hosts behind nginx on PostgreSQL', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  }, 120_000);
  afterAll(() => postgres.close());

  test.each([
    ['1.x', sdk1()],
    ['2.x', sdk2('legacy')],
  ] as const)(
    'the session of the official client %s is on both',
    async (_, sdk) => {
      const options = ['--mcp=guide'];
      const settings = {
        store: postgres.url(),
        durability: 'power',
        component: 'notes-draft',
        options,
      } as const;
      const hosts = [await serveStore(settings), await serveStore(settings)];
      const balancer = await startBalancer(hosts.map(({ url }) => Number(new URL(url).port)));
      const client = await sdk.connect(balancer.url);
      const upstreams = new Set<string | null>();
      for (let n = 1; n <= 10; n++) {
        expect(await client.call('counter')).toBe(String(n));
        upstreams.add((await fetch(`${balancer.url}/unknown`)).headers.get('x-upstream'));
        await fetch(`${balancer.url}/unknown`);
      }
      await client.close();
      await balancer.close();
      for (const { child, ended } of hosts) {
        child.kill('SIGTERM');
        await ended;
      }
      expect(upstreams.size).toBe(2);
    },
    120_000,
  );
});

describe.skipIf(!hasNginx)('two processes behind nginx on one SQLite file', () => {
  test('count all calls of a session, and lose nothing when one is killed', async () => {
    const store = fileIn(temporaryFolder());
    expect(await hostsCampaign({ ...SMALL, store, engine: undefined })).toMatchObject({
      counted: SMALL.calls,
      hostKilled: NOTHING_LOST,
    });
  }, 240_000);
});
