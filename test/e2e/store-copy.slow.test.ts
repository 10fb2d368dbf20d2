import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../host/index.ts';
import { copyStore } from '../../host/keyvalue/copy/copy-store.ts';
import { openSource } from '../../host/keyvalue/copy/open-source.ts';
import { main } from '../../src/cli.ts';
import { type Finished, fixture, run as runProcess, serve, temporaryFolder } from '../support/command.ts';

let from: string;
let to: string;

beforeEach(() => {
  const folder = temporaryFolder();
  from = `sqlite:${join(folder, 'from.db')}`;
  to = `sqlite:${join(folder, 'to.db')}`;
});

/** As the command would, but in this process. */
async function run(...args: readonly string[]): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const [stdout, stderr] = [streams.stdout.toArray(), streams.stderr.toArray()];
  const status = await main(args, streams);
  for (const stream of [streams.stdout, streams.stderr]) stream.end();
  return { status, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}

async function open(url: string): Promise<Store> {
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  return store;
}

async function filled(url: string, keys = 2500): Promise<void> {
  const store = await openStore(url, { durability: 'process' });
  const entries = Array.from({ length: keys }, (_, at): [string, Uint8Array] => [
    `key ${(at * 7919) % keys}`,
    Buffer.from(`value ${at}`),
  ]);
  await store.setMany('default', entries);
  await store.setMany('möbel', [
    ['\u2028', Buffer.from([0xff, 0])],
    ['', Buffer.alloc(9_000_000, 1)],
    ['large', Buffer.alloc(9_000_000, 2)],
  ]);
  await store.close();
}

/** All keys in order of insertion, and all values. */
async function content(store: Store): Promise<unknown> {
  const all: unknown[] = [];
  for (const bucket of await store.buckets()) {
    for (let cursor: bigint | undefined = 0n; cursor !== undefined; ) {
      const page: Awaited<ReturnType<Store['list']>> = await store.list(bucket, cursor);
      for (const key of page.keys)
        all.push([bucket, key, Buffer.from((await store.get(bucket, key))!).toString('base64')]);
      cursor = page.cursor;
    }
  }
  return all;
}

describe('store copy', () => {
  test('copies every bucket, key and value, in order of insertion, and marks the source as moved', async () => {
    await filled(from);
    const before = await content(await open(from));
    const copied = await run('store', 'copy', from, to);
    expect(copied).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^2503 keys, checksum [0-9a-f]{64}\n$/),
    });
    const target = await open(to);
    expect(await content(target)).toEqual(before);
    expect(await target.buckets()).toEqual(['default', 'möbel']);
    const moved = /^error: sqlite:\S+from\.db was moved to sqlite:\S+to\.db at \S+: use that store\n$/;
    expect(await run('kv', 'buckets', '--store', from)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(moved),
    });
    expect(await run('store', 'check', '--store', from)).toMatchObject({ status: 0 });
  }, 60_000);

  test('with --keep-source the source goes on, and a second copy has the same checksum', async () => {
    await filled(from, 10);
    const first = await run('store', 'copy', from, to, '--keep-source');
    const third = `${to}-third`;
    const back = await run('store', 'copy', to, third, '--keep-source');
    expect(back.stdout).toBe(first.stdout);
    expect(await run('kv', 'set', 'default', 'new', 'x', '--store', from)).toMatchObject({ status: 0 });
  });

  test('refuses a target that is not empty, and a source that does not exist', async () => {
    await filled(from, 10);
    await (await open(to)).set('default', 'k', Uint8Array.of(1));
    expect(await run('store', 'copy', from, to)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/to\.db is not empty: a copy needs an empty store\n$/),
    });
    expect(await run('store', 'copy', `${from}-missing`, to)).toMatchObject({ status: 1 });
    expect(await run('kv', 'get', 'default', 'key 1', '--store', from)).toMatchObject({ status: 0 });
  });

  test('continues an interrupted copy, which no server uses meanwhile', async () => {
    await filled(from);
    const other = await open(`${from}-other`);
    await other.set('default', 'k', Uint8Array.of(1));
    const target = await openStore(to);
    let pages = 0;
    const failing = {
      ...target,
      async set(bucket: string, key: string, value: Uint8Array) {
        pages += 1;
        if (pages === 3) throw new Error('interrupted');
        await target.set(bucket, key, value);
      },
    };
    const source = await openSource(from, {});
    await expect(copyStore(source, failing)).rejects.toThrow('interrupted');
    await source.close();
    expect(pages).toBe(3);
    await target.close();

    const refused = await runProcess(['serve', fixture('kv-draft'), '--addr', '127.0.0.1:0', '--store', to]);
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/target of an unfinished copy/),
    });
    expect(await run('store', 'copy', `${from}-other`, to)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/contains part of another store/),
    });
    const before = await content(await open(from));
    expect(await run('store', 'copy', from, to)).toMatchObject({ status: 0 });
    expect(await content(await open(to))).toEqual(before);
  }, 60_000);

  test('of a store that servers use takes their writes and deletes along; then they refuse writes and end', async () => {
    await filled(from, 20_000);
    const [server, idle] = await Promise.all([
      serve(fixture('kv-draft'), ['--store', from]),
      serve(fixture('kv-draft'), ['--store', from]),
    ]);
    const acknowledged = new Map<string, string | undefined>();
    const post = (path: string, body = ''): Promise<Response> =>
      fetch(`${server.url}${path}`, { method: 'POST', body });
    let status = 200;
    const writer = async (name: string): Promise<void> => {
      for (let n = 0; ; n++) {
        const [written, deleted] = [`${name} ${n}`, `key ${n}`];
        const set = await post(`/set?key=${encodeURIComponent(written)}`, `${n}`).catch(() => undefined);
        status = set?.status ?? 0;
        if (status !== 200) return;
        acknowledged.set(written, `${n}`);
        const removed = await post(`/delete?key=${encodeURIComponent(deleted)}`).catch(() => undefined);
        status = removed?.status ?? 0;
        if (status !== 200) return;
        acknowledged.set(deleted, undefined);
      }
    };
    const writers = Promise.all(['a', 'b', 'c'].map(writer));
    await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(10);
    // In a process of its own: copying between files leaves no gap in which the writers here could run.
    expect(await runProcess(['store', 'copy', from, to])).toMatchObject({ status: 0 });
    await writers;
    expect([0, 500, 503]).toContain(status);
    expect((await server.finished).status).not.toBe(0);
    expect(server.text.stderr).toMatch(/was moved to/);
    expect((await idle.finished).status).not.toBe(0);
    expect(idle.text.stderr).toMatch(/was moved to sqlite:\S+to\.db/);

    const target = await open(to);
    for (const [key, value] of acknowledged) {
      const found = await target.get('default', key);
      expect(found && Buffer.from(found).toString(), key).toBe(value);
    }
    const again = await serve(fixture('kv-draft'), ['--store', to]);
    expect(
      (await fetch(`${again.url}/get?key=${encodeURIComponent('a 0')}`, { method: 'POST' })).status,
    ).toBe(200);
  }, 120_000);

  test("reads Spin's key-value file, each of whose stores becomes a bucket", async () => {
    const path = join(temporaryFolder(), 'sqlite_key_value.db');
    const spin = new Database(path);
    spin.exec(
      'CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))',
    );
    const insert = spin.prepare('INSERT INTO spin_key_value VALUES (?, ?, ?)');
    insert.run('default', 'a', Buffer.from('1'));
    insert.run('default', 'ä', Buffer.from([0xff]));
    insert.run('other', '', Buffer.alloc(0));
    spin.close();
    expect(await run('store', 'copy', `spin:${path}`, to)).toMatchObject({ status: 0 });
    expect(await content(await open(to))).toEqual([
      ['default', 'a', 'MQ=='],
      ['default', 'ä', '/w=='],
      ['other', '', ''],
    ]);
    const none = join(temporaryFolder(), 'none.db');
    const empty = new Database(none);
    empty.exec('CREATE TABLE t (x)');
    empty.close();
    expect(await run('store', 'copy', `spin:${none}`, `${to}-2`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no table spin_key_value/),
    });
  });
});
