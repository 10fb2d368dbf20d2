import { expect, test } from 'vitest';
import { openStore } from '../../../../src/index.ts';
import { withBothEras } from '../../../../src/mcp/both-eras.ts';
import { createPrincipalRecords, PRINCIPALS } from '../../../../src/mcp/modern/state/principal-records.ts';
import { withSessions } from '../../../../src/mcp/pipeline.ts';
import { purgeSessions } from '../../../../src/mcp/sessions/purge.ts';
import { modernText } from '../../../support/modern.ts';
import { as, bearer } from '../../../support/tokens.ts';
import { ask, type PlayedGuest, playGuest, reply, type Seen } from '../../edge/guest.ts';
import { sessionGuest } from '../../edge/session-guest.ts';
import { put } from '../../sessions/stored.ts';
import { STATE } from '../edge-of.ts';

const DAY = 86_400_000;

/** Keeps sessions, and accepts tokens whose signature is right; without a token of its own, `status` is its answer. */
function judgingGuest(isRight: (request: Seen) => boolean, status = 401): PlayedGuest {
  const inner = sessionGuest();
  return playGuest((request) => {
    if (!isRight(request)) return reply(request, status, '', []);
    const { method, headers, text, target } = request;
    const list = [...headers].flat();
    inner.handle(
      {
        method,
        headers: list,
        body: Buffer.from(text),
        scheme: 'http',
        authority: '',
        path: '/',
        receivedAt: 0,
      },
      target,
    );
  });
}

async function sessionsOf(
  guest: PlayedGuest,
  tokens: readonly (readonly string[])[],
): Promise<(string | undefined)[]> {
  const handler = withBothEras(
    { authorizes: true, state: { ...STATE, kind: 'principal' }, store: await openStore('memory:') },
    withSessions({ mode: 'guide', queue: undefined, timeout: 30_000, inputWait: 30_000 }),
  )(guest.handle);
  const used: (string | undefined)[] = [];
  for (const given of tokens) {
    const { headers, body } = modernText({ method: 'tools/call', params: { name: 'a', arguments: {} } });
    const all = [...Object.entries(headers).flat(), ...given.flatMap((token) => ['authorization', token])];
    await ask((request, target) => handler({ ...request, headers: all }, target), body).answer;
    used.push(guest.seen.findLast(({ message }) => message?.method === 'tools/call')?.session);
  }
  return used;
}

const ada = bearer('ada');
const other = bearer('ada', { jti: 'other' });
const RIGHT = new Set([ada, other, bearer('bob'), `${ada}, ${other}`]);
const isRight = ({ headers }: Seen): boolean => RIGHT.has(headers.get('authorization') ?? '');

test('two tokens of one principal lead to one session', async () => {
  const [one, two, bob] = await sessionsOf(judgingGuest(isRight), [[ada], [other], [bearer('bob')]]);
  expect(one).toBeDefined();
  expect(two).toBe(one);
  expect(bob).not.toBe(one);
});

test('a request with two tokens names nobody, because the guest may judge the other one', async () => {
  const [one, both] = await sessionsOf(judgingGuest(isRight), [[ada], [ada, other]]);
  expect(both).not.toBe(one);
});

test('a guest that refuses a changed token in another way than by 401 or 403 has no principals yet', async () => {
  const [one, two] = await sessionsOf(judgingGuest(isRight, 500), [[ada], [ada]]);
  expect(two).not.toBe(one);
});

test.each([
  ['no JWT', 'Bearer opaque'],
  ['without a signature', ada.replace(/\.\w+$/, '.')],
  ['without a subject', bearer(undefined)],
  ['with an empty issuer', bearer('ada', { iss: '' })],
  ['whose claims are no object', `Bearer e30.${Buffer.from('"a"').toString('base64url')}.c2ln`],
  ['that names a number', bearer('ada', { sub: 1 })],
])('a token that is %s names nobody', async (_, token) => {
  const [one, two] = await sessionsOf(
    judgingGuest((request) => request.headers.get('authorization') === token),
    [[token], [token]],
  );
  expect(one).toBeDefined();
  expect(two).not.toBe(one);
});

test('the record of a principal goes once its sessions have been purged, and not before', async () => {
  const store = await openStore('memory:');
  const records = createPrincipalRecords(store, 'default');
  const session = await put(store, { terminated: true });
  const live = await put(store);
  const [gone, kept] = [as('a'), as('b')].map(({ authorization }) =>
    authorization.slice(-43).padStart(43, '_'),
  );
  for (const [owner, handles] of [
    [gone!, []],
    [kept!, [live]],
  ] as const) {
    const { version } = await records.read(owner);
    expect(await records.write(owner, version, { session, handles })).toBe(true);
  }
  const rule = { bucket: 'default', now: Date.now() + DAY / 2, retention: DAY };
  await purgeSessions(store, { ...rule, now: Date.now() });
  expect(await store.range(PRINCIPALS, '', 10)).toHaveLength(2);
  // A session that is gone already does not matter while its record is new.
  await store.delete('default', `${session}:__meta__`);
  await purgeSessions(store, rule);
  expect(await store.range(PRINCIPALS, '', 10)).toHaveLength(2);
  await purgeSessions(store, { ...rule, bucket: 'other', now: Date.now() + 2 * DAY });
  expect(await store.range(PRINCIPALS, '', 10)).toHaveLength(2);
  await purgeSessions(store, { ...rule, now: Date.now() + DAY + 1000 });
  expect(await store.range(PRINCIPALS, '', 10)).toEqual([`${kept}:default`]);
});
