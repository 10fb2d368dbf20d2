import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Descriptor } from '../../host/filesystem/descriptor.ts';
import type { DirectoryEntryStream } from '../../host/filesystem/directory-entry-stream.ts';
import { createExchange } from '../../host/http/exchange.ts';
import { Fields } from '../../host/http/fields.ts';
import type { FutureIncomingResponse, IncomingResponse } from '../../host/http/incoming-response.ts';
import { OutgoingRequest } from '../../host/http/outgoing-request.ts';
import { ResponseOutparam } from '../../host/http/response-outparam.ts';
import {
  type Binding,
  bytesSource,
  checked,
  createBudget,
  createHost,
  Guest,
  type HostOptions,
  openOutgoing,
  openStore,
} from '../../host/index.ts';
import { type Pollable, poll } from '../../host/io/poll.ts';
import type { Draft2 } from '../../host/keyvalue/draft2.ts';
import { cutText } from '../../host/text.ts';
import { bytes, testResponse, testSink, thrown } from './streams.ts';

const MIB = 1024 * 1024;
const LIMIT = /the limit is \d+ \(--max-host-memory\)/;

function guestOf(limit: number, options: HostOptions = {}): { guest: Guest; bind: Binding } {
  const guest = new Guest(undefined, createBudget({ limit }));
  return { guest, bind: createHost(options).bind(guest, { stdout: testSink(), stderr: testSink() }) };
}

test('all header fields of a guest together have a limit of their own, below --max-host-memory', () => {
  const { guest } = guestOf(100 * MIB);
  const value = new Uint8Array(100_000).fill(0x61);
  const full = (): Fields => {
    const fields = new Fields(guest);
    fields.append('x', value);
    return fields;
  };
  const kept = Array.from({ length: 41 }, full);
  expect(full).toThrow('the header fields of the guest would take 4218186 bytes, the limit is 4194304');
  const used = guest.budget.used;
  kept[0]![Symbol.dispose]();
  kept[1]!.delete('x');
  expect(guest.budget.used).toBe(used - 2 * 100_433);
  full();
  kept[2]!.clone();
  expect(full).toThrow(WebAssembly.RuntimeError);
  guest.budget.reset();
  full();
});

describe('wasi:keyvalue', () => {
  async function keyvalue(limit: number): Promise<{ guest: Guest } & Draft2> {
    const store = await openStore('memory:');
    onTestFinished(() => void store.close());
    const { guest, bind } = guestOf(limit, { store: checked(store) });
    const part = <N extends keyof Draft2>(name: N): Draft2[N] =>
      bind(`wasi:keyvalue/${name}@0.2.0-draft2`, { getMany: 'pairs' }) as unknown as Draft2[N];
    return { guest, store: part('store'), batch: part('batch'), atomics: part('atomics') };
  }

  test('cas handles on large values fail at the limit, and release their bytes', async () => {
    const { guest, store, atomics } = await keyvalue(20 * MIB);
    const bucket = store.open('');
    await bucket.set('large', new Uint8Array(4 * MIB));
    const { Cas } = atomics;
    const handles = await Promise.all([1, 2, 3, 4].map(() => Cas.new(bucket, 'large')));
    expect(thrown(() => Cas.new(bucket, 'large'))).toEqual({
      tag: 'other',
      val: expect.stringMatching(LIMIT),
    });
    await atomics.swap(handles[0]!, bytes('small'));
    expect(guest.budget.used).toBeLessThan(13 * MIB);
    expect((await Cas.new(bucket, 'large')).current()).toEqual(bytes('small'));
    for (const handle of handles) handle[Symbol.dispose]();
    handles[1]![Symbol.dispose]();
    expect(guest.budget.used).toBeLessThan(100);
  });

  test('a failed swap returns no handle if that exceeds the budget', async () => {
    const { store, atomics } = await keyvalue(10 * MIB);
    const bucket = store.open('');
    await bucket.set('key', bytes('before'));
    const handle = await atomics.Cas.new(bucket, 'key');
    await bucket.set('key', new Uint8Array(12 * MIB));
    expect(thrown(() => atomics.swap(handle, bytes('after')))).toEqual({
      tag: 'store-error',
      val: { tag: 'other', val: expect.stringMatching(LIMIT) },
    });
  });

  test('get-many of too many keys fails before the store is read', async () => {
    const { guest, store, batch } = await keyvalue(MIB);
    const bucket = store.open('');
    expect(await batch.getMany(bucket, Array(1000).fill(''))).toHaveLength(1000);
    expect(thrown(() => batch.getMany(bucket, Array(10_000).fill('')))).toEqual({
      tag: 'other',
      val: expect.stringMatching(LIMIT),
    });
    expect(guest.budget.used).toBe(0);
  });
});

test('random bytes beyond the budget trap, and are never held', () => {
  const { guest, bind } = guestOf(MIB);
  const random = bind('wasi:random/random@0.2.0') as { getRandomBytes(length: bigint): Uint8Array };
  expect(() => random.getRandomBytes(BigInt(2 * MIB))).toThrow(LIMIT);
  for (let n = 0; n < 3; n += 1) random.getRandomBytes(BigInt(MIB / 2));
  expect(guest.budget.used).toBe(0);
});

test('timers that are waited for are charged until they are released', async () => {
  const { guest, bind } = guestOf(10_000);
  const clock = bind('wasi:clocks/monotonic-clock@0.2.0') as { subscribeDuration(ns: bigint): Pollable };
  const many = Array.from({ length: 30 }, () => clock.subscribeDuration(3_600_000_000_000n));
  await expect(poll(many)).rejects.toThrow(LIMIT);
  for (const pollable of many) pollable[Symbol.dispose]();
  expect(guest.budget.used).toBe(0);
  expect(await poll([clock.subscribeDuration(1_000_000n)])).toEqual(Uint32Array.of(0));
  expect(guest.budget.used).toBe(0);
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-memory-'));
    for (let n = 0; n < 300; n += 1) writeFileSync(join(folder, `file-${n}`), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function root(limit: number): { guest: Guest; directory: Descriptor } {
    const { guest, bind } = guestOf(limit, { preopens: [{ host: folder, guest: '/' }] });
    const preopens = bind('wasi:filesystem/preopens@0.2.0') as { getDirectories(): [Descriptor, string][] };
    return { guest, directory: preopens.getDirectories()[0]![0] };
  }

  function names(entries: DirectoryEntryStream): string[] {
    const read: string[] = [];
    for (let next = entries.readDirectoryEntry(); next; next = entries.readDirectoryEntry())
      read.push(next.name);
    return read;
  }

  test('of a folder are charged until the stream is dropped', () => {
    const { guest, directory } = root(100_000);
    const entries = directory.readDirectory();
    expect(guest.budget.used).toBeGreaterThan(60_000);
    expect(thrown(() => directory.readDirectory())).toBe('insufficient-memory');
    const found = names(entries);
    expect(found).toHaveLength(300);
    expect(found).toEqual(found.toSorted());
    entries[Symbol.dispose]();
    entries[Symbol.dispose]();
    expect(guest.budget.used).toBe(0);
    directory.readDirectory();
  });

  test.skipIf(process.platform !== 'linux')(
    'have descriptors of the guest’s share while they are open',
    () => {
      const { guest, directory } = root(100 * MIB);
      const open = (): Descriptor => directory.openAt({}, '.', { directory: true }, { read: true });
      const [first] = Array.from({ length: 256 }, open);
      expect(thrown(open)).toBe('insufficient-memory');
      first![Symbol.dispose]();
      open();
      expect(thrown(open)).toBe('insufficient-memory');
      guest.release();
      expect(guest.descriptors.take()).toBe(true);
    },
  );

  test('have paths of at most 4095 bytes', () => {
    const { directory } = root(MIB);
    expect(thrown(() => directory.statAt({}, 'a/'.repeat(2048)))).toBe('name-too-long');
    expect(thrown(() => directory.statAt({}, 'ä'.repeat(2048)))).toBe('name-too-long');
    expect(thrown(() => directory.statAt({}, 'a/'.repeat(2047)))).toBe('no-entry');
  });
});

describe('received responses', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((_, response) => response.end(Buffer.alloc(50_000)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  test('are charged while the guest does not read them, and fail at the limit', async () => {
    const outgoing = openOutgoing({ allow: ['*'], loopback: true });
    onTestFinished(() => outgoing.close());
    const { guest, bind } = guestOf(300_000, { outgoing });
    const { handle } = bind('wasi:http/outgoing-handler@0.2.0') as {
      handle(request: OutgoingRequest): FutureIncomingResponse;
    };
    const { port } = server.address() as AddressInfo;

    async function read(): Promise<{ drop(): void }> {
      const request = new OutgoingRequest(new Fields(guest));
      request.setScheme({ tag: 'HTTP' });
      request.setAuthority(`127.0.0.1:${port}`);
      const future = handle(request);
      await future.subscribe().block();
      const result = future.get() as {
        val: { val: IncomingResponse };
      };
      const body = result.val.val.consume();
      const stream = body.stream();
      return {
        drop() {
          stream[Symbol.dispose]();
          body[Symbol.dispose]();
          result.val.val[Symbol.dispose]();
        },
      };
    }

    const kept = [];
    for (let n = 0; n < 5; n += 1) kept.push(await read());
    await expect.poll(() => guest.budget.used).toBeGreaterThan(250_000);
    const late = await read();
    await expect.poll(() => guest.budget.used).toBeGreaterThan(250_000);
    expect(guest.budget.used).toBeLessThanOrEqual(300_000);
    for (const response of [...kept, late]) response.drop();
    expect(guest.budget.used).toBe(0);
  });
});

describe('texts of guests', () => {
  test('are truncated in messages, with their original length', () => {
    expect(cutText('short')).toBe('short');
    expect(cutText('x'.repeat(5000))).toBe(`${'x'.repeat(1024)}… (5000 characters)`);
    expect(cutText(`${'x'.repeat(1023)}🎉y`)).toBe(`${'x'.repeat(1023)}… (1026 characters)`);
  });

  test.each([
    [{ tag: 'internal-error', val: 'x'.repeat(10_000) }],
    [{ tag: 'DNS-error', val: { rcode: 'x'.repeat(10_000), infoCode: 7 } }],
  ])('an error-code is truncated before it is kept or sent', (val) => {
    const { guest } = guestOf(MIB);
    const response = testResponse();
    const head = {
      method: 'GET',
      scheme: 'http',
      authority: undefined,
      pathWithQuery: '/',
      headers: [],
    } as const;
    const exchange = createExchange(guest, head, bytesSource(), response);
    ResponseOutparam.set(exchange.responseOut, { tag: 'err', val });
    expect(JSON.stringify(exchange.outcome()).length).toBeLessThan(1200);
    expect(JSON.stringify(response.code).length).toBeLessThan(1200);
    expect(response.code?.tag).toBe(val.tag);
  });

  test('messages of wasi:logging are truncated to the length of a line of output', () => {
    const lines: string[][] = [];
    const { bind } = guestOf(MIB, { log: (...line) => lines.push(line) });
    const { log } = bind('wasi:logging/logging@0.1.0-draft') as { log(...line: string[]): void };
    log('info', 'c'.repeat(100_000), 'm'.repeat(100_000));
    log('info', 'context', 'message');
    expect(lines[0]!.map(({ length }) => length < 8300)).toEqual([true, true, true]);
    expect(lines[0]![1]!.length).toBeLessThan(1100);
    expect(lines[1]).toEqual(['info', 'context', 'message']);
  });
});
