import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore, type Store } from '../../../../src/index.ts';
import { withBothEras } from '../../../../src/mcp/both-eras.ts';
import { withSessions } from '../../../../src/mcp/pipeline.ts';
import {
  type SessionSummary,
  sessionSizes,
  sessionSummary,
} from '../../../../src/mcp/sessions/session-summary.ts';
import { endSession } from '../../../../src/mcp/sessions/sessions.ts';
import { temporaryFolder } from '../../../support/command.ts';
import { callModern, modern } from '../../../support/modern.ts';
import { listen, share } from '../../../support/serving.ts';
import { as, bearer, ISSUER, OAUTH } from '../../../support/tokens.ts';
import { replyResult } from '../../edge/guest.ts';
import { sessionGuest } from '../../edge/session-guest.ts';
import { collect } from '../../sessions/stored.ts';
import { STATE, send } from '../edge-of.ts';

/** What the counter of a principal's session shows now. */
async function count(url: string, headers: Record<string, string>): Promise<string> {
  const { status, body } = await callModern(url, 'counter', {}, { headers });
  return body?.result?.content?.[0]?.text ?? `${status} ${JSON.stringify(body)}`;
}

/** The only session that has not ended. One that was opened to look at the guest ends after the response of the first request. */
function onlyLive(store: Store): Promise<SessionSummary> {
  return vi.waitFor(async () => {
    const live = await liveSessions(store);
    expect(live).toHaveLength(1);
    return live[0]!;
  }, 10_000);
}

async function liveSessions(store: Store): Promise<SessionSummary[]> {
  const sizes = await collect(sessionSizes(store, 'default'));
  const all = await Promise.all(sizes.map(({ id }) => sessionSummary(store, 'default', id, Date.now())));
  return all.filter((one) => one?.state.name === 'live') as SessionSummary[];
}

describe('state of principals', () => {
  const served = share('notes-draft', { mcp: 'guide', env: OAUTH });

  test('two clients of one principal share it, and another principal has its own', async () => {
    const { url } = served;
    expect(await count(url, as('ada', { jti: 1 }))).toBe('1');
    expect(await count(url, as('ada', { jti: 2 }))).toBe('2');
    expect(await count(url, as('bob'))).toBe('1');
    expect(await count(url, as('ada', { iss: 'https://other.example' }))).toBe('1');
    expect(await count(url, as('ada', { jti: 3 }))).toBe('3');
  });

  test('no tool of handles is offered', async () => {
    const { body } = await modern(served.url, { method: 'tools/list', headers: as('ada') });
    const names = body.result.tools.map(({ name }: { name: string }) => name);
    expect(names).toContain('counter');
    expect(names).not.toContain('create_session');
    expect(body.result.cacheScope).toBe('private');
  });

  test('a forged token is refused by the guest, and changes nothing', async () => {
    const { url } = served;
    expect(await count(url, as('eve'))).toBe('1');
    for (const forged of [bearer('eve', {}, 'wrong key'), `${bearer('eve')}0`, bearer('eve', { exp: 1 })]) {
      const { status, headers } = await callModern(
        url,
        'counter',
        {},
        { headers: { authorization: forged } },
      );
      expect([status, headers.has('www-authenticate')]).toEqual([401, true]);
    }
    expect(await count(url, as('eve'))).toBe('2');
  });

  test('a forged token does not open a session for its subject', async () => {
    const forged = { authorization: bearer('new', {}, 'wrong key') };
    await Promise.all(Array.from({ length: 5 }, () => count(served.url, forged)));
    expect(await count(served.url, as('new'))).toBe('1');
  });

  test('parallel first requests end with one session', async () => {
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, jti) => count(served.url, as('first', { jti: jti % 4 }))),
    );
    expect(new Set(counts)).toEqual(new Set(Array.from({ length: 40 }, (_, n) => String(n + 1))));
  });

  test('a session that has ended is followed by another one', async () => {
    const { store, ...options } = {
      store: `sqlite:${join(temporaryFolder(), 'store.db')}`,
      mcp: 'guide',
      env: OAUTH,
    } as const;
    const { url } = await listen('notes-draft', { ...options, store });
    expect(await count(url, as('ada'))).toBe('1');
    const opened = await openStore(store);
    onTestFinished(() => opened.close());
    const first = await onlyLive(opened);
    expect([first.subject, first.issuer]).toEqual(['ada', ISSUER]);
    expect(await endSession(opened, 'default', first.id, 'by the test')).toBe(true);
    expect(await count(url, as('ada'))).toBe('1');
    expect(await count(url, as('ada'))).toBe('2');
    await opened.delete('default', `${(await onlyLive(opened)).id}:__meta__`);
    expect(await count(url, as('ada'))).toBe('1');
  });

  test('the session outlives the token with which it was opened', async () => {
    const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    const { url } = await listen('notes-draft', {
      mcp: 'guide',
      env: OAUTH,
      store,
      stateLifetime: 3_600_000,
    });
    const soon = Math.floor(Date.now() / 1000) + 60;
    expect(await count(url, as('ada', { exp: soon }))).toBe('1');
    const opened = await openStore(store);
    onTestFinished(() => opened.close());
    const { metadata } = await onlyLive(opened);
    expect(metadata.expiresAt! / 1000 - soon).toBeGreaterThan(3500);
  });
});

test.each([
  ['a guest in public mode', {}],
  ['a guest that asks for no tokens, whatever its environment says', { WASMCP_AUTH_MODE: 'oauth ' }],
])('%s has no principals, whatever tokens its clients have', async (_, env) => {
  const { url, log } = await listen('notes-draft', {
    mcp: 'guide',
    state: 'principal',
    env: { ...env, NOTES_KEY: 'secret' },
  });
  expect(await count(url, as('ada'))).toBe('1');
  expect(await count(url, as('ada'))).toBe('1');
  expect(log.join()).toContain('warn auth: --state principal without WASMCP_AUTH_MODE=oauth');
});

test('a guest that accepts a token with any signature has no principals', async () => {
  const guest = sessionGuest((request) => replyResult(request, { content: [] }));
  const handler = withBothEras(
    {
      authorizes: true,
      state: { ...STATE, kind: 'principal' },
      store: await openStore('memory:'),
      inputWait: 30_000,
    },
    withSessions({ mode: 'guide', queue: undefined, timeout: 30_000, inputWait: 30_000 }),
  )(guest.handle);
  const call = { method: 'tools/call', params: { name: 'a', arguments: {} }, headers: as('ada') };
  await send(handler, call).answer;
  await send(handler, call).answer;
  const sessions = guest.seen
    .filter(({ message }) => message?.method === 'tools/call')
    .map(({ session }) => session);
  expect(new Set(sessions).size).toBe(2);
});

test('with --state none and --mcp strict there are none', async () => {
  for (const options of [
    { mcp: 'guide', state: 'none' },
    { mcp: 'strict', state: 'principal' },
  ] as const) {
    const { url } = await listen('notes-draft', { ...options, env: OAUTH });
    expect(await count(url, as('ada'))).toBe('1');
    expect(await count(url, as('ada'))).toBe('1');
  }
});
