import { describe, expect, test } from 'vitest';
import { bytesSource, Guest } from '../../../host/index.ts';
import { IoError } from '../../../host/io/error.ts';
import { InputStream } from '../../../host/io/input-stream.ts';
import { OutputStream } from '../../../host/io/output-stream.ts';
import { bytes, rejection, testSink, testSource, text, thrown } from '../streams.ts';

const CLOSED = { tag: 'closed' };

describe('input-stream', () => {
  test('reads what is available and never more than requested', () => {
    const source = testSource();
    source.push('abcdef');
    const stream = new InputStream(new Guest(), source);
    expect(text(stream.read(4n))).toBe('abcd');
    expect(text(stream.read(2n ** 64n - 1n))).toBe('ef');
    expect(stream.read(4n)).toHaveLength(0);
  });

  test('is closed at the end, but not before the last byte was read', () => {
    const source = testSource();
    source.push('x');
    source.end();
    const stream = new InputStream(new Guest(), source);
    expect(stream.read(0n)).toHaveLength(0);
    expect(text(stream.read(9n))).toBe('x');
    expect(thrown(() => stream.read(9n))).toEqual(CLOSED);
    expect(thrown(() => stream.read(0n))).toEqual(CLOSED);
    expect(thrown(() => stream.blockingRead(9n))).toEqual(CLOSED);
  });

  test('a blocking read returns at once if it can, otherwise when bytes arrive', async () => {
    const source = testSource();
    source.push('now');
    const stream = new InputStream(new Guest(), source);
    expect(text(stream.blockingRead(9n) as Uint8Array)).toBe('now');
    const later = stream.blockingRead(9n);
    expect(later).toBeInstanceOf(Promise);
    source.push('later');
    expect(text(await later)).toBe('later');
    const last = stream.blockingRead(9n);
    source.end();
    expect(await rejection(last)).toEqual(CLOSED);
  });

  test("reports a chunk as spent by the guest's next call, and never one that was spliced", () => {
    const spent: string[] = [];
    const source = Object.assign(bytesSource(bytes('onetwosix')), {
      spent: (chunk: Uint8Array) => void spent.push(text(chunk)),
    });
    const guest = new Guest();
    const stream = new InputStream(guest, source);
    stream.read(3n);
    expect(spent).toEqual([]);
    stream.read(3n);
    expect(spent).toEqual(['one']);
    const sink = testSink();
    new OutputStream({ guest }, sink).splice(stream, 1n);
    expect(text(sink.chunks)).toBe('s');
    expect(text(stream.read(9n))).toBe('ix');
    stream[Symbol.dispose]();
    expect(spent).toEqual(['one', 'two', 'ix']);
  });

  test('counts what it skips', async () => {
    const source = testSource();
    source.push('abcdef');
    const stream = new InputStream(new Guest(), source);
    expect(stream.skip(2n)).toBe(2n);
    expect(stream.blockingSkip(3n)).toBe(3n);
    expect(text(stream.read(9n))).toBe('f');
    const skipped = stream.blockingSkip(3n);
    source.push('gh');
    expect(await skipped).toBe(2n);
  });

  test('reports a failure once, after the bytes before it', () => {
    const source = testSource();
    source.push('x');
    source.fail({ message: 'connection lost', http: { tag: 'connection-terminated' } });
    const stream = new InputStream(new Guest(), source);
    expect(text(stream.read(9n))).toBe('x');
    const error = thrown(() => stream.read(9n)) as { tag: string; val: IoError };
    expect(error.tag).toBe('last-operation-failed');
    expect(error.val).toBeInstanceOf(IoError);
    expect(error.val.toDebugString()).toBe('connection lost');
    expect(thrown(() => stream.read(9n))).toEqual(CLOSED);
  });

  test('its pollable is ready with bytes and at the end', async () => {
    const source = testSource();
    const stream = new InputStream(new Guest(), source);
    const pollable = stream.subscribe();
    expect(pollable.ready()).toBe(false);
    const blocked = pollable.block();
    source.push('x');
    await blocked;
    stream.read(1n);
    expect(pollable.ready()).toBe(false);
    source.end();
    expect(pollable.ready()).toBe(true);
  });

  test('bytes in memory are followed by the end', () => {
    const stream = new InputStream(new Guest(), bytesSource(bytes('ab')));
    expect(text(stream.blockingRead(1n) as Uint8Array)).toBe('a');
    expect(text(stream.blockingRead(9n) as Uint8Array)).toBe('b');
    expect(thrown(() => stream.blockingRead(9n))).toEqual(CLOSED);
  });
});
