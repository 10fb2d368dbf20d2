import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { encodeTyped } from '../../../src/mcp/sessions/typed-value.ts';
import { put } from '../../mcp/sessions/stored.ts';
import { administer } from '../../support/administered.ts';
import { temporaryFolder } from '../../support/command.ts';
import { callTool, initialize, rpc } from '../../support/mcp.ts';

const STORES = { sqlite: () => `sqlite:${join(temporaryFolder(), 'store.db')}`, memory: () => 'memory:' };

describe.each(Object.entries(STORES))('with a store of the kind %s', (_kind, store) => {
  test('a session is listed, shown, edited, read back by its guest, and ended', async () => {
    const { url, call } = await administer({ store: store() });
    expect((await call('sessions')).body).toEqual({ sessions: [] });
    const id = await initialize(url);
    await callTool(url, id, 'counter');
    await callTool(url, id, 'cart_add', { item: 'apple' });

    const { body } = await call('sessions?sort=updated');
    expect(body.sessions).toMatchObject([{ id, state: 'live', created: expect.any(Number), keys: 3 }]);
    expect(body.sessions[0].updated).toBeGreaterThanOrEqual(body.sessions[0].created);
    expect((await call(`sessions/${id}`)).body).toMatchObject({
      id,
      values: [
        { key: 'cart', type: 'json', value: ['apple'] },
        { key: 'counter', type: 'u64', value: '1' },
      ],
    });

    const put = { method: 'PUT', json: { type: 'u64', value: '41' } };
    expect((await call(`sessions/${id}/values/counter`, put)).status).toBe(204);
    expect(await callTool(url, id, 'counter')).toBe('42');
    expect((await call(`sessions/${id}/values/cart`, { method: 'DELETE' })).status).toBe(204);
    expect(await callTool(url, id, 'cart_show')).not.toContain('apple');

    expect((await call(`sessions/${id}?reason=lost`, { method: 'DELETE' })).status).toBe(204);
    expect((await rpc(url, 'tools/list', {}, id)).status).toBe(404);
    expect((await call(`sessions/${id}`)).body).toMatchObject({ state: 'ended', reason: 'lost' });
    expect(await call(`sessions/${id}`, { method: 'DELETE' })).toMatchObject({ status: 409 });
    const late = await call(`sessions/${id}/values/counter`, put);
    expect([late.status, late.body.error]).toEqual([
      409,
      expect.stringMatching(/ended at .*: its values can no longer/),
    ]);
  });

  test('entries of a bucket are paged, read, written and deleted as text or as bytes', async () => {
    const { call } = await administer({ store: store() });
    const keys = ['a', 'a/b c', 'a?', '\u{1f600}', ''];
    for (const key of keys) {
      const path = `buckets/my%20bucket/keys/${encodeURIComponent(key)}`;
      const json = { encoding: 'base64', value: Buffer.from([0xff, 0]).toString('base64') };
      expect((await call(path, { method: 'PUT', json })).status).toBe(204);
      expect((await call(path)).body).toMatchObject({ key, size: 2, encoding: 'base64', value: '/wA=' });
      await call(path, { method: 'PUT', json: { encoding: 'text', value: '\ufeffhi' } });
      expect((await call(path)).body).toMatchObject({ encoding: 'text', value: '\ufeffhi' });
    }
    expect((await call('buckets')).body).toEqual({ buckets: [{ name: 'my bucket' }] });
    const found: string[] = [];
    let next: string | undefined;
    do {
      const page = await call(
        `buckets/my%20bucket/keys?limit=2${next === undefined ? '' : `&cursor=${next}`}`,
      );
      found.push(...page.body.keys.map(({ key }: { key: string }) => key));
      next = page.body.next;
    } while (next !== undefined);
    expect(found).toEqual(keys.toSorted());
    expect((await call('buckets/my%20bucket/keys?prefix=a%2F')).body.keys).toMatchObject([
      { key: 'a/b c', size: 5 },
    ]);
    expect((await call('buckets/my%20bucket/keys/a', { method: 'DELETE' })).status).toBe(204);
    expect((await call('buckets/my%20bucket/keys/a')).status).toBe(404);
  });

  test('an entry is only written as long as it has the version that was read', async () => {
    const { call } = await administer({ store: store() });
    const path = 'buckets/b/keys/k';
    await call(path, { method: 'PUT', json: { encoding: 'text', value: '1' } });
    const { version } = (await call(path)).body;
    const second = { method: 'PUT', json: { encoding: 'text', value: '2' } };
    expect((await call(`${path}?version=${version}`, second)).status).toBe(204);
    expect((await call(`${path}?version=${version}`, second)).status).toBe(412);
    expect((await call(`${path}?version=${version}`, { method: 'DELETE' })).status).toBe(412);
    expect((await call(path)).body.value).toBe('2');
  });
});

test('pages follow each other in any order, and filters choose', async () => {
  const { url, call } = await administer();
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    ids.push(await initialize(url));
    for (let item = 0; item <= n; item++) await callTool(url, ids[n]!, 'cart_add', { item: 'apple' });
  }
  await call(`sessions/${ids[1]}`, { method: 'DELETE' });
  const all = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    let next: string | undefined;
    do {
      const { body } = await call(`sessions?limit=2&${query}${next === undefined ? '' : `&cursor=${next}`}`);
      found.push(...body.sessions.map(({ id }: { id: string }) => id));
      next = body.next;
    } while (next !== undefined);
    return found;
  };
  expect(await all('')).toEqual(ids.toSorted());
  expect(await all('sort=created&order=asc')).toEqual(ids);
  expect(await all('sort=created')).toEqual(ids.toReversed());
  const [first, second, ...others] = ids;
  expect(await all('sort=size&state=live')).toEqual([first, ...others].toReversed());
  // Its end was no write of its own.
  expect(await all('sort=updated')).toEqual(ids.toReversed());
  expect(await all('state=ended')).toEqual([second]);
  expect(await all(`search=${ids[3]!.slice(0, 13).toUpperCase()}`)).toEqual([ids[3]]);
  expect(await all('subject=bob')).toEqual([]);
  const { next } = (await call('sessions?limit=2&sort=size')).body;
  expect(await call(`sessions?limit=2&sort=created&cursor=${next}`)).toMatchObject({ status: 400 });
});

test('a session that another server keeps in another bucket is found by its key, edited and ended', async () => {
  const url = STORES.sqlite();
  const { call } = await administer({ store: url });
  const store = await openStore(url);
  const id = await put(store, {}, 1, 'mine');
  await store.close();
  const { session } = (await call(`buckets/mine/keys/${id}:key%200`)).body;
  expect(session).toBe(id);
  expect((await call(`sessions/${session}`)).status).toBe(404);
  const { body } = await call(`sessions/${session}?bucket=mine`);
  expect(body).toMatchObject({ id, keys: 2, values: [{ key: 'key 0', type: 'string', value: 'v' }] });

  const put7 = { method: 'PUT', json: { type: 'u64', value: 7 } };
  expect((await call(`sessions/${id}/values/n?bucket=mine`, put7)).status).toBe(204);
  expect((await call(`sessions/${id}/values/key%200?bucket=mine`, { method: 'DELETE' })).status).toBe(204);
  expect((await call(`sessions/${id}?bucket=mine`)).body).toMatchObject({
    updated: body.updated,
    edited: expect.any(Number),
    values: [{ key: 'n', type: 'u64', value: '7' }],
  });
  expect((await call(`sessions/${id}?bucket=mine`, { method: 'DELETE' })).status).toBe(204);
  expect((await call(`sessions/${id}?bucket=mine`)).body).toMatchObject({ state: 'ended' });
  expect((await call(`sessions/${id}?bucket=wasmcp-node:edits`)).status).toBe(403);
});

describe('refused, with the reason:', () => {
  test.each([
    ['u64', '-1', /u64 is a whole number from 0 to 18446744073709551615, not "-1"/],
    ['u64', 1.5, /not 1.5/],
    ['s64', '9223372036854775808', /s64 is a whole number/],
    ['bool', 'true', /bool is true or false, not "true"/],
    ['string', 7, /string is text, not 7/],
    ['bytes', 'a', /padded base64/],
    ['date', '', /"date" is not a type: use string, json, u64, s64, bool, bytes/],
    ['string', 'x', /"counter" is of type u64.*: delete it first to change its type/],
  ])('the %s %j', async (type, value, reason) => {
    const { url, call } = await administer();
    const id = await initialize(url);
    await callTool(url, id, 'counter');
    const { status, body } = await call(`sessions/${id}/values/counter`, {
      method: 'PUT',
      json: { type, value },
    });
    expect([status, body.error]).toEqual([422, expect.stringMatching(reason)]);
    expect(await callTool(url, id, 'counter')).toBe('2');
  });

  test('what the server wrote into a session, and what it keeps for itself', async () => {
    const { url, call } = await administer();
    const id = await initialize(url);
    const json = { type: 'bytes', value: '' };
    for (const key of ['__meta__', 'jwt:sub', '']) {
      expect((await call(`sessions/${id}/values/${key}`, { method: 'PUT', json })).status).toBe(422);
      expect((await call(`sessions/${id}/values/${key}`, { method: 'DELETE' })).status).toBe(422);
    }
    const internal = 'buckets/wasmcp-node:x/keys/k';
    const put = { method: 'PUT', json: { encoding: 'text', value: '' } };
    expect(await call(internal, put)).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('internal to wasmcp-node') },
    });
    expect((await call(`${internal}?internal=true`, put)).status).toBe(204);
    expect((await call('buckets')).body.buckets).not.toContainEqual({ name: 'wasmcp-node:x' });
    expect((await call('buckets?internal=true')).body.buckets).toContainEqual({ name: 'wasmcp-node:x' });
  });

  test('keys of a session, without internal=true', async () => {
    const { url, call } = await administer();
    const id = await initialize(url);
    await callTool(url, id, 'counter');
    const path = `buckets/default/keys/${id}:counter`;
    const put = { method: 'PUT', json: { encoding: 'text', value: 'raw' } };
    for (const init of [put, { method: 'DELETE' }]) {
      const { status, body } = await call(path, init);
      expect([status, body.error]).toEqual([
        403,
        expect.stringMatching(`belongs to session ${id}.* use sessions/${id}/values/counter.* internal=true`),
      ]);
    }
    expect((await call(path)).body).toMatchObject({ session: id, size: 9 });
    expect(await callTool(url, id, 'counter')).toBe('2');
    expect((await call(`${path}?internal=true`, { method: 'DELETE' })).status).toBe(204);
    expect(await callTool(url, id, 'counter')).toBe('1');
    const other = path.replace('default', 'other');
    expect((await call(other, put)).status).toBe(204);
    expect((await call(other)).body).not.toHaveProperty('session');
  });

  test('malformed calls', async () => {
    const { call, admin } = await administer();
    expect((await call('sessions?limit=0')).status).toBe(400);
    expect((await call('sessions?limit=1&limit=2')).status).toBe(400);
    expect((await call('sessions?unknown=1')).status).toBe(400);
    expect((await call('sessions?cursor=x')).status).toBe(400);
    expect((await call('buckets/%ff/keys')).status).toBe(400);
    expect((await call('buckets/%01/keys')).status).toBe(400);
    expect((await call('nothing')).status).toBe(404);
    expect((await call('sessions/nobody')).status).toBe(404);
    expect(await call('sessions', { method: 'POST' })).toMatchObject({ status: 405 });
    const path = `${admin.url}api/v1/buckets/b/keys/k`;
    const send = async (type: string, body: string): Promise<number> =>
      (await fetch(path, { method: 'PUT', headers: { 'content-type': type }, body })).status;
    expect(await send('text/plain', '{}')).toBe(415);
    expect(await send('application/json', '{')).toBe(400);
    expect(await send('application/json', '{}')).toBe(422);
  });

  test('a value that is nested deeply, or takes long to parse', async () => {
    const { url, call } = await administer();
    const id = await initialize(url);
    await callTool(url, id, 'cart_add', { item: 'apple' });
    const path = `sessions/${id}/values/cart`;
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    const put = (value: unknown): ReturnType<typeof call> =>
      call(path, { method: 'PUT', json: { type: 'json', value } });
    expect((await put(nested(10_000))).status).toBe(400);
    const wide = Array.from({ length: 30_000 }, () => []);
    expect((await put(wide)).status).toBe(204);
    expect((await call(`sessions/${id}`)).body.values[0].text).toBe(JSON.stringify(wide));
    expect((await put(nested(900))).status).toBe(204);
    // As a guest may write it.
    const value = Buffer.from(encodeTyped({ type: 'json', value: JSON.stringify(nested(10_000)) }));
    const json = { encoding: 'base64', value: value.toString('base64') };
    const key = `buckets/default/keys/${id}:cart?internal=true`;
    expect((await call(key, { method: 'PUT', json })).status).toBe(204);
    const [shown] = (await call(`sessions/${id}`)).body.values;
    expect(shown).toMatchObject({ type: 'json', text: expect.stringMatching(/^\[{10000}\]{10000}$/) });
  });
});
