import { describe, expect, test } from 'vitest';
import { Fields } from '../../../host/http/fields.ts';
import { IncomingRequest } from '../../../host/http/incoming-request.ts';
import { OutgoingBody } from '../../../host/http/outgoing-body.ts';
import { OutgoingRequest } from '../../../host/http/outgoing-request.ts';
import { OutgoingResponse } from '../../../host/http/outgoing-response.ts';
import { createBudget, createHost, type FieldList, Guest } from '../../../host/index.ts';
import type { OutputStream } from '../../../host/io/output-stream.ts';
import { bytes, testSink, testSource, text, thrown } from '../streams.ts';

const MIB = 1024 * 1024;

const guestWith = (limit: number): Guest => new Guest(undefined, createBudget({ limit }));

/** A response of the guest, its body and the stream into it. */
function unsent(guest: Guest): { response: OutgoingResponse; body: OutgoingBody; stream: OutputStream } {
  const response = new OutgoingResponse(new Fields(guest));
  const body = response.body();
  return { response, body, stream: body.write() };
}

/** The message of a failed write. */
function failure(write: () => unknown): string {
  const error = thrown(write) as { tag: string; val: { toDebugString(): string } };
  expect(error.tag).toBe('last-operation-failed');
  return error.val.toDebugString();
}

describe('bodies that are not sent yet', () => {
  test('of one guest fail at their common limit, and name it', () => {
    const guest = guestWith(100 * MIB);
    const bodies = Array.from({ length: 4 }, () => unsent(guest));
    for (const { stream } of bodies.slice(0, 3)) stream.blockingWriteAndFlush(new Uint8Array(32 * MIB));
    expect(failure(() => bodies[3]!.stream.blockingWriteAndFlush(new Uint8Array(32 * MIB)))).toMatch(
      /the limit is 104857600 \(--max-host-memory\)/,
    );
    expect(guest.budget.used).toBeLessThan(97 * MIB);
  });

  test('release their bytes when they are dropped, abandoned with their message, or sent', () => {
    const guest = guestWith(100 * MIB);
    for (let round = 0; round < 10; round += 1) {
      const [dropped, abandoned, sent] = [unsent(guest), unsent(guest), unsent(guest)];
      for (const { stream } of [dropped, abandoned, sent]) {
        stream.blockingWriteAndFlush(new Uint8Array(32 * MIB));
        stream[Symbol.dispose]();
      }
      expect(guest.budget.used).toBeGreaterThan(95 * MIB);
      dropped.body[Symbol.dispose]();
      OutgoingBody.finish(abandoned.body, undefined);
      abandoned.response[Symbol.dispose]();
      OutgoingBody.send(sent.body, guest, testSink());
      expect(guest.budget.used).toBe(0);
    }
  });

  test('return their memory to the system when the request ends, not to the garbage collector', () => {
    const guest = guestWith(100 * MIB);
    const { stream } = unsent(guest);
    const chunk = new Uint8Array(MIB / 2);
    stream.blockingWriteAndFlush(chunk);
    guest.end('over');
    guest.release();
    expect(chunk.buffer.detached).toBe(true);
    expect(guest.budget.used).toBe(0);
  });

  test('written byte by byte are charged for their bytes, and arrive unchanged', () => {
    const guest = guestWith(16 * MIB);
    const { body, stream } = unsent(guest);
    const before = process.memoryUsage();
    for (let at = 0; at < MIB / 4; at += 1) stream.blockingWriteAndFlush(Uint8Array.of(at));
    const after = process.memoryUsage();
    expect(guest.budget.used).toBeLessThan(MIB / 2);
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(16 * MIB);
    const sink = testSink();
    OutgoingBody.send(body, guest, sink);
    const sent = Buffer.concat(sink.chunks);
    expect(sent.length).toBe(MIB / 4);
    expect(sent.every((byte, at) => byte === (at & 255))).toBe(true);
    // The sink owns each chunk and its buffer.
    expect(sink.chunks.every(({ buffer, length }) => buffer.byteLength === length)).toBe(true);
  });

  test('keep their order when large and small writes mix', () => {
    const guest = guestWith(16 * MIB);
    const { body, stream } = unsent(guest);
    const parts = Array.from({ length: 200 }, (_, n) => `${n}:`.padEnd(n % 7 === 0 ? 6000 : 3, 'x'));
    for (const part of parts) stream.blockingWriteAndFlush(bytes(part));
    const sink = testSink();
    OutgoingBody.send(body, guest, sink);
    expect(text(sink.chunks)).toBe(parts.join(''));
  });

  test('of many megabytes arrive unchanged, in chunks with their own buffers', () => {
    const guest = guestWith(64 * MIB);
    const { body, stream } = unsent(guest);
    const parts = Array.from({ length: 40 }, (_, n) => new Uint8Array(100_000 + n).fill(n));
    const expected = Buffer.concat(parts);
    for (const part of parts) stream.blockingWriteAndFlush(part);
    expect(guest.budget.used).toBeGreaterThanOrEqual(expected.length);
    expect(guest.budget.used).toBeLessThan(expected.length + 2 * MIB);
    const sink = testSink();
    OutgoingBody.send(body, guest, sink);
    expect(Buffer.concat(sink.chunks).equals(expected)).toBe(true);
    expect(sink.chunks.every(({ buffer, length }) => buffer.byteLength === length)).toBe(true);
    stream.blockingWriteAndFlush(bytes('more'));
    expect(text(sink.chunks.at(-1)!)).toBe('more');
    expect(guest.budget.used).toBe(0);
  });

  test('copy a small view instead of keeping its buffer', () => {
    const guest = guestWith(16 * MIB);
    const { body, stream } = unsent(guest);
    const source = testSource();
    source.push('x'.repeat(100_000));
    for (let n = 0; n < 3; n += 1)
      stream.splice(new IncomingRequest(guest, HEAD, source).consume().stream(), 10_000n);
    const sink = testSink();
    OutgoingBody.send(body, guest, sink);
    expect(sink.chunks.map(({ buffer }) => buffer.byteLength)).toEqual([10_000, 10_000, 10_000]);
  });

  test('of zeroes fail before the zeroes are allocated', () => {
    const guest = guestWith(MIB);
    const { stream } = unsent(guest);
    stream.checkWrite();
    expect(failure(() => stream.writeZeroes(BigInt(60 * MIB)))).toMatch(/--max-host-memory/);
    expect(guest.budget.used).toBeLessThanOrEqual(MIB);
  });
});

const HEAD = {
  method: 'GET',
  scheme: 'http',
  authority: undefined,
  pathWithQuery: '/',
  headers: [['x-received', bytes('1')]] as FieldList,
} as const;

describe('fields', () => {
  const large = (guest: Guest): Fields =>
    Fields.fromList(
      Array.from({ length: 3000 }, (_, n) => [`x-${n}`, bytes('v')]),
      guest,
    );

  test('of one guest trap at their common limit', () => {
    const guest = guestWith(2 * MIB);
    expect(() => Array.from({ length: 20 }, () => large(guest))).toThrow(/--max-host-memory/);
  });

  test('release their bytes when they are dropped, changed or replaced', () => {
    const guest = guestWith(10 * MIB);
    for (let round = 0; round < 3; round += 1) {
      const fields = large(guest);
      const clone = fields.clone();
      fields[Symbol.dispose]();
      expect(clone.get('x-2999').map(text)).toEqual(['v']);
      for (const [name] of clone.entries()) clone.delete(name);
      expect(guest.budget.used).toBe(0);
      clone[Symbol.dispose]();
      expect(guest.budget.used).toBe(0);
    }
  });

  test('of a message are released with it, not with a handle on them', () => {
    const guest = guestWith(10 * MIB);
    const response = new OutgoingResponse(large(guest));
    const used = guest.budget.used;
    const headers = response.headers();
    headers[Symbol.dispose]();
    response.headers()[Symbol.dispose]();
    expect(guest.budget.used).toBe(used);
    expect(headers.has('x-1')).toBe(true);
    response[Symbol.dispose]();
    expect(guest.budget.used).toBe(0);
    expect(headers.entries()).toEqual([]);
  });

  test('that guests create are charged to the guest that creates them', () => {
    const guest = guestWith(MIB);
    const bind = createHost().bind(guest, { stdout: testSink(), stderr: testSink() });
    const types = bind('wasi:http/types@0.2.0') as unknown as { Fields: typeof Fields };
    const fields = new types.Fields();
    expect(fields).toBeInstanceOf(types.Fields);
    expect(Fields.received(HEAD.headers)).toBeInstanceOf(types.Fields);
    fields.append('x', new Uint8Array(1000).fill(0x61));
    expect(guest.budget.used).toBeGreaterThan(1000);
    types.Fields.fromList([['x', new Uint8Array(1000).fill(0x61)]]);
    expect(guest.budget.used).toBeGreaterThan(2000);
  });

  test('of a received request are charged once, and each clone again', () => {
    const guest = guestWith(MIB);
    const request = new IncomingRequest(guest, HEAD, testSource());
    expect(request.headers()).toBe(request.headers());
    const used = guest.budget.used;
    expect(used).toBeGreaterThan(0);
    request.headers().clone();
    expect(guest.budget.used).toBe(2 * used);
    request[Symbol.dispose]();
    expect(guest.budget.used).toBe(used);
  });
});

describe('requests of a guest', () => {
  test('fail for a text above 65534 characters, and for one that exceeds the budget', () => {
    const guest = guestWith(200_000);
    const request = new OutgoingRequest(new Fields(guest));
    const path = `/${'a'.repeat(65_533)}`;
    expect(thrown(() => request.setPathWithQuery(`${path}a`))).toBeUndefined();
    request.setPathWithQuery(path);
    request.setPathWithQuery(path);
    expect(guest.budget.used).toBe(2 * path.length);
    expect(thrown(() => request.setAuthority('a'.repeat(60_000)))).toBeUndefined();
    request.setPathWithQuery(undefined);
    request.setAuthority('a'.repeat(60_000));
    request.setMethod({ tag: 'other', val: 'M'.repeat(20_000) });
    request[Symbol.dispose]();
    expect(guest.budget.used).toBe(0);
  });

  test('hold nothing after they were refused', () => {
    const guest = guestWith(100 * MIB);
    const bind = createHost().bind(guest, { stdout: testSink(), stderr: testSink() });
    const { handle } = bind('wasi:http/outgoing-handler@0.2.0') as {
      handle(request: OutgoingRequest): unknown;
    };
    const request = new OutgoingRequest(Fields.fromList([['x', bytes('v')]], guest));
    request.setPathWithQuery('/path');
    request
      .body()
      .write()
      .blockingWriteAndFlush(new Uint8Array(32 * MIB));
    expect(thrown(() => handle(request))).toEqual({ tag: 'HTTP-request-denied' });
    expect(guest.budget.used).toBe(0);
  });
});
