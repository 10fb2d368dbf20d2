import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../src/index.ts';
import { PRINCIPALS } from '../../../../src/mcp/modern/state/principal-records.ts';
import { endSession } from '../../../../src/mcp/sessions/sessions.ts';
import { encodeJson } from '../../../../src/mcp/sessions/typed-value.ts';
import { fixture, run, type ServeProcess, serve, temporaryFolder } from '../../../support/command.ts';
import { callModern } from '../../../support/modern.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';
import { as, bearer, OAUTH_ARGS } from '../../../support/tokens.ts';

type Headers = Readonly<Record<string, string>>;

async function text(url: string, name: string, args: object, headers: Headers = {}): Promise<string> {
  const { status, body } = await callModern(url, name, args, { headers });
  return body?.result?.content?.[0]?.text ?? `${status} ${JSON.stringify(body)}`;
}

const upTo = (last: number): Set<string> => new Set(Array.from({ length: last }, (_, n) => String(n + 1)));

describe.each(['sqlite', 'postgres'])('state on %s', (kind) => {
  const isHere = kind === 'sqlite' || hasPostgres;
  let postgres: Postgres | undefined;

  beforeAll(async () => {
    if (kind === 'postgres' && isHere) postgres = await startPostgres();
  }, 120_000);
  afterAll(() => postgres?.close());

  function newStore(): string {
    return postgres?.url() ?? `sqlite:${join(temporaryFolder(), 'store.db')}`;
  }

  function host(store: string, args: readonly string[] = []): Promise<ServeProcess> {
    return serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store, '--timeout', '120s', ...args]);
  }

  test.skipIf(!isHere)(
    'a principal has one session on all hosts, also after they were killed; another one has its own',
    async () => {
      const store = newStore();
      const hosts = [await host(store, OAUTH_ARGS), await host(store, OAUTH_ARGS)];
      // The first requests of all come at once, to both hosts, with several tokens.
      const counts = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          text(hosts[n % 2]!.url, 'counter', {}, as('ada', { jti: n % 3 })),
        ),
      );
      expect(new Set(counts)).toEqual(upTo(60));
      expect(await text(hosts[1]!.url, 'counter', {}, as('bob'))).toBe('1');
      await Promise.all(hosts.map((one) => one.stop('SIGKILL')));
      const { url } = await host(store, OAUTH_ARGS);
      expect(await text(url, 'counter', {}, as('ada'))).toBe('61');
      expect(await text(url, 'counter', {}, as('bob'))).toBe('2');
    },
    240_000,
  );

  test.skipIf(!isHere)(
    'a session that ended on one host is followed by another one on all',
    async () => {
      const store = newStore();
      const hosts = [await host(store, OAUTH_ARGS), await host(store, OAUTH_ARGS)];
      const count = (at: number): Promise<string> => text(hosts[at]!.url, 'counter', {}, as('ada'));
      expect([await count(0), await count(1)]).toEqual(['1', '2']);
      const listed = await run(['sessions', 'list', '--json', '--subject', 'ada', '--store', store]);
      const all = listed.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const { id, subject, issuer } = all.find(({ state }) => state === 'live');
      expect([subject, issuer]).toEqual(['ada', 'https://issuer.example']);
      expect((await run(['sessions', 'end', id, '--store', store])).status).toBe(0);
      // The host that notices, and the one that only learns of it, both at once.
      const counts = await Promise.all(Array.from({ length: 20 }, (_, n) => count(n % 2)));
      expect(new Set(counts)).toEqual(upTo(20));
    },
    240_000,
  );

  test.skipIf(!isHere)(
    'a thousand parallel calls with one handle end at a thousand, and it goes on on another host and after a kill',
    async () => {
      const store = newStore();
      const hosts = [await host(store), await host(store)];
      const { body } = await callModern(hosts[0]!.url, 'create_session');
      const { session_id } = body.result.structuredContent;
      const counts = await Promise.all(
        Array.from({ length: 1000 }, (_, n) => text(hosts[n % 2]!.url, 'counter', { session_id })),
      );
      expect(new Set(counts)).toEqual(upTo(1000));
      await Promise.all(hosts.map((one) => one.stop('SIGKILL')));
      const { url } = await host(store);
      expect(await text(url, 'counter', { session_id })).toBe('1001');
    },
    240_000,
  );

  test.skipIf(!isHere)(
    'a handle is an error of the tool once it is guessed, foreign, ended or expired, and a forged token sees nothing',
    async () => {
      const store = newStore();
      const limited = [...OAUTH_ARGS, '--state', 'handle', '--max-handles-per-principal', '3'];
      const hosts = [await host(store, limited), await host(store, limited)];
      const [one, two] = hosts.map(({ url }) => url) as [string, string];
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, n) => text([one, two][n % 2]!, 'create_session', {}, as('ada'))),
      );
      const ids = made.flatMap((line) => /^session_id: (.+)$/.exec(line)?.[1] ?? []);
      expect(ids).toHaveLength(3);
      const [ended, expired, live] = ids as [string, string, string];
      const use = (url: string, session_id: string, headers = as('ada')): Promise<string> =>
        text(url, 'counter', { session_id }, headers);
      expect(await use(one, live)).toBe('1');
      expect(await use(two, live)).toBe('2');
      expect(await use(two, live, as('eve'))).toBe('the server does not let this client use the session');
      expect(await use(two, live, { authorization: bearer('ada', {}, 'wrong key') })).toMatch(/^401/);
      expect(await use(two, crypto.randomUUID())).toMatch(/^there is no such session/);
      const opened = await openStore(store);
      onTestFinished(() => opened.close());
      expect(await endSession(opened, 'default', ended, 'by the test')).toBe(true);
      const past = { terminated: false, created_at: 1, expires_at: 1 };
      await opened.set('default', `${expired}:__meta__`, encodeJson(past));
      for (const url of [one, two]) {
        expect(await use(url, ended)).toBe('the session has ended; create_session creates another one');
        expect(await use(url, expired)).toBe('the session has expired; create_session creates another one');
      }
      expect(await use(one, live)).toBe('3');
    },
    240_000,
  );

  test.skipIf(!isHere)(
    'a guest in public mode has no principals',
    async () => {
      const { url } = await host(newStore(), ['--state', 'principal']);
      expect([await text(url, 'counter', {}, as('ada')), await text(url, 'counter', {}, as('ada'))]).toEqual([
        '1',
        '1',
      ]);
    },
    240_000,
  );

  test.skipIf(!isHere)(
    'guests cannot open the records of principals',
    async () => {
      const store = newStore();
      const { url } = await host(store, OAUTH_ARGS);
      expect(await text(url, 'counter', {}, as('ada'))).toBe('1');
      const opened = await openStore(store);
      onTestFinished(() => opened.close());
      const [key] = await opened.range(PRINCIPALS, '', 1);
      expect(key).toMatch(/^[\w-]{43}:default$/);
      const guest = await serve(fixture('kv-draft2'), ['--store', store]);
      const bucket = encodeURIComponent(PRINCIPALS);
      for (const path of ['get', 'set', 'list', 'delete']) {
        const response = await fetch(
          `${guest.url}/${path}?bucket=${bucket}&key=${encodeURIComponent(key!)}`,
          { method: 'POST', body: '{}' },
        );
        expect([path, response.status, await response.text()]).toEqual([
          path,
          500,
          expect.stringContaining('access'),
        ]);
      }
      expect(await text(url, 'counter', {}, as('ada'))).toBe('2');
    },
    240_000,
  );
});
