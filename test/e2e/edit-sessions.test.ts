import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { main } from '../../src/cli.ts';
import { openAdmin } from '../../src/server/admin/admin.ts';
import { now, put } from '../mcp/sessions/stored.ts';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { listen } from '../support/serving.ts';
import { newStore, open, sessions } from '../support/sessions-command.ts';

/** By type: what the guest writes with its tool `values_write`, as the command and the API show it; an edit; what the guest reads then. */
const VALUES = {
  string: [{ value: 'Grüße,\nWelt' }, ' new \u{1f600}', ' new \u{1f600}'],
  json: [{ value: { items: [{ name: 'tea', price: 7.5 }], paid: false } }, '{ "b": 1.0 }', '{ "b": 1.0 }'],
  u64: [{ value: '18446744073709551615' }, '18446744073709551614', '18446744073709551614'],
  s64: [{ value: '-9223372036854775808' }, '-5', '-5'],
  bool: [{ value: true }, 'false', false],
  bytes: [{ value: 'AP9oaQ==' }, '/wA=', [255, 0]],
} as const;

test('values of all types that a guest wrote are shown, edited by command and API, and read back by the guest', async () => {
  const url = newStore();
  const admin = await openAdmin({ port: 0, host: '127.0.0.1' });
  onTestFinished(admin.close);
  const { monitor, administration } = admin;
  const server = await listen('notes-draft', { mcp: 'guide', store: url, monitor, administration });
  const id = await initialize(server.url);
  const read = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await callTool(server.url, id, 'values_read'));
  const path = `${admin.url}api/v1/sessions/${id}`;
  const values = async (): Promise<{ key: string; type: string; value?: unknown; text?: string }[]> =>
    (await (await fetch(path)).json()).values;
  const types = Object.entries(VALUES);

  await callTool(server.url, id, 'values_write');
  const written = await read();
  const shown = Object.fromEntries(types.map(([type, [record]]) => [`value:${type}`, { type, ...record }]));
  expect(JSON.parse((await sessions(url, ['show', id])).stdout).data).toEqual(shown);
  const before = await values();
  expect(Object.fromEntries(before.map(({ key, ...record }) => [key, record]))).toEqual(shown);

  for (const [type, [, edit, result]] of types) {
    expect(await sessions(url, ['set', id, `value:${type}`, '--', edit])).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect((await read())[type]).toEqual([type, result]);
  }
  expect(await values()).toContainEqual({ key: 'value:json', type: 'json', text: '{ "b": 1.0 }' });
  for (const { key, ...record } of before) {
    const put = {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(record),
    };
    expect((await fetch(`${path}/values/${key}`, put)).status).toBe(204);
  }
  expect(await read()).toEqual(written);

  expect((await sessions(url, ['unset', id, 'value:u64'])).status).toBe(0);
  expect((await read()).u64).toBe(null);
  expect((await sessions(url, ['set', id, 'value:bytes'], Buffer.from([7, 200]))).status).toBe(0);
  expect((await read()).bytes).toEqual(['bytes', [7, 200]]);
});

test('what does not fit is refused with the reason, and changes nothing', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store, {}, 0);
  await store.set('default', `${id}:n`, Buffer.from([3, 1, 0, 0, 0, 0, 0, 0, 0]));
  await store.set('default', `${id}:odd`, Buffer.from('raw'));
  const old = await put(store, { expires_at: now() - 10 }, 0);
  const cases: [string[], RegExp][] = [
    [['set', id, 'n', '--', '-1'], /u64 is a whole number from 0 to 18446744073709551615, not "-1"/],
    [
      ['set', id, 'n', 'x', '--type', 'string'],
      new RegExp(`"n" is of type u64.* fail on string: .* sessions unset ${id} n\n$`),
    ],
    [['set', id, 'odd', '[]'], /"odd" is of unknown type: .* --type/],
    [['set', id, 'new', 'maybe', '--type', 'bool'], /bool is true or false, not "maybe"/],
    [['set', id, 'new', '{', '--type', 'json'], /this is not JSON/],
    [['set', id, 'new', 'a', '--type', 'bytes'], /bytes are padded base64/],
    [['set', id, 'new', '9223372036854775808', '--type', 's64'], /s64 is a whole number/],
    [['set', id, '__meta__', 'x'], /"__meta__" belongs to the server/],
    [['unset', id, 'jwt:sub'], /"jwt:sub" belongs to the server/],
    [['set', old, 'n', '1'], /expired at .*: its values can no longer change/],
    [['set', '00000000-0000-4000-8000-000000000000', 'n', '1'], /has no session/],
  ];
  const before = (await sessions(url, ['export'])).stdout;
  for (const [args, reason] of cases) {
    const { status, stderr } = await sessions(url, args);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(reason);
    expect(stderr.split('\n')).toHaveLength(2);
  }
  expect((await sessions(url, ['export'])).stdout).toBe(before);
  expect((await sessions(url, ['set', id, 'odd', '[]', '--type', 'json'])).status).toBe(0);
  expect(JSON.parse((await sessions(url, ['show', id])).stdout).data.odd).toEqual({
    type: 'json',
    value: [],
  });
});

test('an export is imported into another store byte for byte', async () => {
  const from = newStore();
  const store = await open(from);
  const id = await put(store, { reason: 'x', terminated: true }, 3);
  await put(store, {}, 0, 'mine');
  const odd: [string, Uint8Array][] = [
    ['json', Buffer.from('\x02{ "a" : 1e400, "b":"\\u0041" }')],
    ['no json', Buffer.from('\x02{')],
    ['no utf-8', Buffer.from([1, 0xff])],
    ['other', Buffer.from([9, 1])],
    ['nothing', new Uint8Array()],
    ['true', Buffer.from([5, 2])],
    ['s64', Buffer.from([4, 255, 255, 255, 255, 255, 255, 255, 255])],
    ['7', Buffer.from('\x01\ufeffx\0')],
    ['__proto__', Buffer.from([6])],
    ['\u2028', Buffer.from('\x01\u2028')],
  ];
  for (const [key, value] of odd) await store.set('default', `${id}:${key}`, value);
  const exported = (await sessions(from, ['export'])).stdout;
  const to = newStore();
  const file = join(temporaryFolder(), 'sessions.jsonl');
  writeFileSync(file, exported);
  expect(await sessions(to, ['import', file])).toMatchObject({ status: 0, stderr: 'Imported 2 sessions\n' });
  expect((await sessions(to, ['export'])).stdout).toBe(exported);
  const copy = await open(to);
  for (const [key, value] of odd)
    expect(await copy.get('default', `${id}:${key}`)).toEqual(new Uint8Array(value));
  expect((await sessions(to, ['import'], exported)).stderr).toBe(
    'Imported 0 sessions; 2 exist already and were left alone\n',
  );
});

test('an import that ends at a bad line names it, and keeps the sessions before it', async () => {
  const from = newStore();
  await put(await open(from), {}, 1);
  const good = (await sessions(from, ['export'])).stdout;
  for (const [bad, reason] of [
    ['{', /line 2: not JSON/],
    ['{"id":"x"}', /line 2: "id" is not the id of a session/],
    [good.replace('__meta__', 'meta'), /line 2: its "__meta__" is not the metadata/],
    [good.replace('"type":"string"', '"type":"u64"'), /line 2: "key 0": u64 is a whole number/],
  ] as const) {
    const to = newStore();
    const { status, stderr } = await sessions(to, ['import'], `${good}${bad}`);
    expect(status).toBe(2);
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/\(1 sessions were imported\)/);
    expect((await sessions(to, ['export'])).stdout).toBe(good);
  }
});

test('tail prints the sessions that a server and another command write', async () => {
  const url = newStore();
  const server = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', url]);
  const id = await initialize(server.url);
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const ended = main(['sessions', 'tail', '--store', url, '--limit', '3'], streams);
  await once(streams.stderr, 'data');
  const next = async (): Promise<unknown> => JSON.parse(String((await once(streams.stdout, 'data'))[0]));
  const written = next();
  await callTool(server.url, id, 'counter');
  expect(await written).toMatchObject({ id, state: 'live', keys: 2 });
  const edited = next();
  await sessions(url, ['set', id, 'note', 'hello']);
  expect(await edited).toMatchObject({ id, keys: 3 });
  const over = next();
  await sessions(url, ['end', id]);
  expect(await over).toMatchObject({ id, state: 'ended' });
  expect(await ended).toBe(0);
});

test('tail follows one session, named by the beginning of its id', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store);
  const others = [await put(store), await put(store), await put(store), await put(store), await put(store)];
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const ended = main(['sessions', 'tail', id.slice(0, 8), '--store', url, '--limit', '1'], streams);
  await once(streams.stderr, 'data');
  const printed = once(streams.stdout, 'data');
  await store.setMany('default', [
    ...others.map((other): [string, Uint8Array] => [`${other}:note`, Buffer.from('\x01x')]),
    [`${id}:note`, Buffer.from('\x01x')],
  ]);
  expect(JSON.parse(String((await printed)[0]))).toMatchObject({ id });
  expect(await ended).toBe(0);
});
