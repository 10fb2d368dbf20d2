import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../src/index.ts';
import { encodeJson } from '../../../../src/mcp/sessions/typed-value.ts';
import { callModern } from '../../../support/modern.ts';
import { listen, share } from '../../../support/serving.ts';
import { as, bearer, OAUTH } from '../../../support/tokens.ts';

type Headers = Readonly<Record<string, string>>;

/** What a tool returns: its text, and whether that is an error. */
async function call(
  url: string,
  name: string,
  args: object = {},
  headers: Headers = {},
): Promise<[text: string, isError: boolean]> {
  const { body } = await callModern(url, name, args, { headers });
  return [body.result.content[0].text, body.result.isError ?? false];
}

async function create(url: string, headers: Headers = {}): Promise<string> {
  const [text, isError] = await call(url, 'create_session', {}, headers);
  if (isError) throw new Error(text);
  return text.replace('session_id: ', '');
}

describe('a handle belongs to the principal that created it', () => {
  const served = share('notes-draft', {
    mcp: 'guide',
    state: 'handle',
    env: OAUTH,
    maxHandlesPerPrincipal: 3,
  });

  test('who uses it with another token, and nobody else', async () => {
    const { url } = served;
    const session_id = await create(url, as('ada', { jti: 1 }));
    expect(await call(url, 'counter', { session_id }, as('ada', { jti: 2 }))).toEqual(['1', false]);
    const denied = ['the server does not let this client use the session', true];
    expect(await call(url, 'counter', { session_id }, as('eve'))).toEqual(denied);
    expect(await call(url, 'counter', { session_id }, as('ada', { iss: 'other' }))).toEqual(denied);
    const forged = await callModern(
      url,
      'counter',
      { session_id },
      { headers: { authorization: bearer('ada', {}, 'x') } },
    );
    expect(forged.status).toBe(401);
    expect(await call(url, 'counter', { session_id }, as('ada', { jti: 3 }))).toEqual(['2', false]);
  });

  test('and has a limited number of them, which those that have ended do not count for', async () => {
    const { url } = served;
    const bob = as('bob');
    const all = await Promise.all([1, 2, 3].map(() => create(url, bob)));
    const full = ['you have 3 sessions, the most that one client may have: end one with end_session', true];
    expect(await call(url, 'create_session', {}, bob)).toEqual(full);
    expect(await call(url, 'create_session', {}, as('carol'))).toEqual([
      expect.stringMatching(/^session_id: /),
      false,
    ]);
    expect(await call(url, 'end_session', { session_id: all[0] }, bob)).toEqual([
      'the session has ended',
      false,
    ]);
    await create(url, bob);
    expect(await call(url, 'create_session', {}, bob)).toEqual(full);
  });

  test('also in parallel', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, () => call(served.url, 'create_session', {}, as('dan'))),
    );
    expect(results.filter(([, isError]) => !isError)).toHaveLength(3);
  });
});

test('a host opens a limited number of sessions', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', maxHandles: 2, handleNames: NAMES });
  const full = [
    'this host has 2 sessions, the most that it keeps: try again later, or without a session_id',
    true,
  ];
  const results = await Promise.all([1, 2, 3, 4].map(() => call(url, 'create_session')));
  expect(results.filter(([, isError]) => isError)).toEqual([full, full]);
  const session_id = results.find(([, isError]) => !isError)![0].replace('session_id: ', '');
  expect(await call(url, 'finish', { session_id })).toEqual(['the session has ended', false]);
  await create(url);
  expect(await call(url, 'create_session')).toEqual(full);
});

const NAMES = { create: 'create_session', end: 'finish', argument: 'session_id' };

test('an expired session is an error of the tool that says so, and a host forgets it', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const { url } = await listen('notes-draft', { mcp: 'guide', store });
  const session_id = await create(url);
  const key = `${session_id}:__meta__`;
  const past = { terminated: false, created_at: 1, expires_at: Math.floor(Date.now() / 1000) - 1 };
  await store.set('default', key, encodeJson(past));
  expect(await call(url, 'counter', { session_id })).toEqual([
    'the session has expired; create_session creates another one',
    true,
  ]);
});

test('a session lasts as long as it is used', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const { url } = await listen('notes-draft', { mcp: 'guide', store, stateLifetime: 24_000 });
  const session_id = await create(url);
  const end = async (): Promise<number> => {
    const bytes = (await store.get('default', `${session_id}:__meta__`))!;
    return JSON.parse(Buffer.from(bytes.subarray(1)).toString()).expires_at;
  };
  const first = await end();
  expect(first - Date.now() / 1000).toBeLessThan(26);
  // Extended once a second at most.
  while ((await end()) === first) await call(url, 'counter', { session_id });
  expect(await end()).toBeGreaterThan(first);
});
