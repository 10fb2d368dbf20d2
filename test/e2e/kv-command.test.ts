import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../host/index.ts';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { type Done, type KvInput, kv as runKv } from '../support/kv-command.ts';

let folder: string;
let url: string;

beforeEach(() => {
  folder = temporaryFolder();
  url = `sqlite:${join(folder, 'store.db')}`;
});

/** As the command would, but in this process. */
function kv(
  args: readonly string[],
  { store = url, ...input }: KvInput & { readonly store?: string } = {},
): Promise<Done> {
  return runKv(store, args, input);
}

async function text(args: readonly string[], options = {}): Promise<string> {
  const { status, stdout, stderr } = await kv(args, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.toString();
}

async function open(): Promise<Store> {
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  return store;
}

test('beside a server, its guest and the command see what the other wrote', async () => {
  const server = await serve(fixture('kv-draft'), ['--store', url]);
  await fetch(`${server.url}/set?key=greeting`, { method: 'POST', body: 'hello' });
  expect(await text(['buckets'])).toBe('default\n');
  expect(await text(['keys', 'default'])).toBe('greeting\n');
  expect(await text(['get', 'default', 'greeting'])).toBe('hello');
  expect(await kv(['set', 'default', 'greeting', 'goodbye'])).toMatchObject({
    status: 0,
    stderr: 'Stored 7 bytes at "greeting" in bucket "default"\n',
  });
  const read = (): Promise<Response> => fetch(`${server.url}/get?key=greeting`, { method: 'POST' });
  expect(await (await read()).text()).toBe('goodbye');
  expect(await kv(['delete', 'default', 'greeting'])).toMatchObject({
    status: 0,
    stderr: 'Deleted "greeting" from bucket "default"\n',
  });
  expect(await kv(['delete', 'default', 'greeting'])).toMatchObject({
    status: 0,
    stderr: 'Bucket "default" has no key "greeting"\n',
  });
  expect((await read()).status).toBe(404);
});

test('values are any bytes: from standard input, empty, and shown without control characters on a terminal', async () => {
  await open();
  const bytes = '\x00\xff\xfe\r\n\x1b[2J';
  await kv(['set', 'default', 'bytes'], { input: bytes });
  expect((await kv(['get', 'default', 'bytes'])).stdout.toString('latin1')).toBe(bytes);
  expect(await text(['get', 'default', 'bytes'], { terminal: true })).toBe('\\x00��\\x0d\\x0a\\x1b[2J\n');
  await kv(['set', 'default', 'empty', ''], { input: 'unread' });
  expect(await text(['get', 'default', 'empty'])).toBe('');
  expect(await text(['get', 'default', 'empty', '--json'])).toBe(
    '{"bucket":"default","key":"empty","text":""}\n',
  );
});

test('keys are listed by prefix and limit, however many there are', async () => {
  const store = await open();
  const named = (count: number, prefix: string): [string, Uint8Array][] =>
    Array.from({ length: count }, (_, at) => [`${prefix}${String(at).padStart(5, '0')}`, Uint8Array.of(1)]);
  await store.setMany('default', [...named(2500, 'a:'), ...named(3, 'b:'), ['odd\nkey', Uint8Array.of(1)]]);
  expect((await text(['keys', 'default', '--prefix', 'a:'])).trim().split('\n')).toEqual(
    named(2500, 'a:').map(([key]) => key),
  );
  expect(await text(['keys', 'default', '--prefix', 'a:', '--limit', '2'])).toBe('a:00000\na:00001\n');
  expect(await text(['keys', 'default', '--prefix', 'o'])).toBe('odd\\x0akey\n');
  expect(await text(['keys', 'default', '--prefix', 'o', '--json'])).toBe('"odd\\nkey"\n');
  expect(await text(['keys', 'default', '--prefix', 'c'])).toBe('');
});

test('counters are incremented atomically by any whole number', async () => {
  await open();
  const all = Array.from({ length: 20 }, () => kv(['increment', 'default', 'n']));
  const sums = (await Promise.all(all)).map(({ stdout }) => Number(stdout.toString()));
  expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(await text(['increment', 'default', 'n', '--', '-30'])).toBe('-10\n');
  expect(await text(['increment', 'default', 'big', '18446744073709551615'])).toBe('18446744073709551615\n');
  expect(await kv(['increment', 'default', 'big'])).toMatchObject({ status: 1 });
  expect(await kv(['increment', 'default', 'n', '1.5'])).toMatchObject({
    status: 2,
    stderr: 'error: "1.5" is not a whole number of at most 20 digits\n',
  });
});

test('what was exported can be imported into another store, byte for byte', async () => {
  const store = await open();
  const values = ['', 'text', '\u2028 \ufeff', '\ufeffmark'].map((value) => Buffer.from(value));
  values.push(Buffer.from([0xff, 0xfe]), Buffer.alloc(100_000, 0x80));
  const entries = values.map((value, at): [string, Uint8Array] => [`key\n\u2028${at}`, value]);
  await store.setMany('default', entries);
  await store.setMany('möbel', entries);
  await store.set('wasmcp-node:stdio', 'note', Uint8Array.of(1));
  const exported = await text(['export']);
  expect(exported.trim().split('\n')).toHaveLength(2 * entries.length);
  expect((await text(['export', 'möbel', '--prefix', 'key'])).trim().split('\n')).toHaveLength(
    entries.length,
  );

  const other = `sqlite:${join(folder, 'other.db')}`;
  const file = join(folder, 'store.jsonl');
  writeFileSync(file, exported);
  for (let times = 0; times < 2; times++) {
    expect(await kv(['import', file], { store: other })).toMatchObject({
      status: 0,
      stderr: `Imported ${2 * entries.length} entries\n`,
    });
  }
  expect(await text(['export'], { store: other })).toBe(exported);
});

test('an import ends at the first line that is no entry, with the lines before it written', async () => {
  await open();
  const good = '{"bucket":"default","key":"a","text":"1"}\n';
  const cases: [line: string, reason: RegExp][] = [
    ['{"bucket":"default"', /not JSON/],
    ['[]', /"bucket" and "key" must be strings/],
    ['{"bucket":"default","key":"b"}', /either "text"/],
    ['{"bucket":"default","key":"b","base64":"AA"}', /padded base64/],
    ['{"bucket":"wasmcp-node:stdio","key":"b","text":""}', /--internal/],
    [`{"bucket":"default","key":"${'k'.repeat(5000)}","text":""}`, /a key has 5000 bytes/],
  ];
  for (const [line, reason] of cases) {
    await kv(['delete', 'default', 'a']);
    const done = await kv(['import'], { input: good + line });
    expect(done.status, line).not.toBe(0);
    expect(done.stderr).toMatch(reason);
    expect(done.stderr).toMatch(/^error: .* \([01] entries were imported\)\n$/);
  }
  const bad = await kv(['import'], { input: `${good}\n{"bucket":1}\n` });
  expect(bad.stderr).toMatch(/^error: standard input, line 3: .* \(1 entries were imported\)\n$/);
  expect(await text(['get', 'default', 'a'])).toBe('1');
  const missing = await kv(['import', join(folder, 'missing.jsonl')]);
  expect(missing).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/cannot read .*missing\.jsonl: ENOENT/),
  });
});

test('internal buckets are neither shown nor changed without --internal', async () => {
  const store = await open();
  await store.set('wasmcp-node:stdio', 'note', Buffer.from('1'));
  expect(await text(['buckets'])).toBe('');
  expect(await text(['buckets', '--internal', '--json'])).toBe('"wasmcp-node:stdio"\n');
  const commands = [
    ['keys', 'wasmcp-node:stdio'],
    ['get', 'wasmcp-node:stdio', 'note'],
    ['set', 'wasmcp-node:stdio', 'note', 'x'],
    ['delete', 'wasmcp-node:stdio', 'note'],
    ['increment', 'wasmcp-node:stdio', 'note'],
    ['export', 'wasmcp-node:stdio'],
  ];
  for (const command of commands) {
    expect(await kv(command)).toMatchObject({ status: 1, stderr: expect.stringMatching(/is internal/) });
  }
  expect(await text(['get', 'wasmcp-node:stdio', 'note', '--internal'])).toBe('1');
});

test('a missing key, a missing store, a bucket name that cannot exist, and missing words are told apart', async () => {
  expect(await kv(['get', 'default', 'k'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^error: /),
  });
  await open();
  expect(await kv(['get', 'default', 'k'])).toMatchObject({
    status: 1,
    stderr: `no key "k" in bucket "default" of ${url}\n`,
  });
  expect(await kv(['keys', 'a\nb'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/bucket name/),
  });
  expect(await kv(['get', 'default'])).toMatchObject({ status: 2 });
  expect(await kv(['set', 'default', 'k', 'v', 'w'])).toMatchObject({ status: 2 });
  expect(await kv(['set', 'default', 'k', '12345', '--max-value', '4'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/a value has 5 bytes, the limit is 4/),
  });
});
