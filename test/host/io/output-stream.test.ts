import { describe, expect, test } from 'vitest';
import { Guest, prefixedLines, type ThreadShare } from '../../../host/index.ts';
import { InputStream } from '../../../host/io/input-stream.ts';
import { OutputStream } from '../../../host/io/output-stream.ts';
import { bytes, rejection, type TestSink, testSink, testSource, text, thrown } from '../streams.ts';

const CLOSED = { tag: 'closed' };

function open(room?: number): { stream: OutputStream; sink: TestSink; guest: Guest } {
  const sink = testSink(room);
  const guest = new Guest();
  return { stream: new OutputStream({ guest }, sink), sink, guest };
}

describe('output-stream', () => {
  test('permits the capacity of the sink, and traps on more', () => {
    const { stream, sink } = open(4);
    expect(() => stream.write(bytes('a'))).toThrow(WebAssembly.RuntimeError);
    expect(stream.checkWrite()).toBe(4n);
    stream.write(bytes('abc'));
    expect(() => stream.write(bytes('de'))).toThrow(WebAssembly.RuntimeError);
    expect(() => stream.writeZeroes(2n ** 64n - 1n)).toThrow(WebAssembly.RuntimeError);
    stream.write(bytes('d'));
    expect(stream.checkWrite()).toBe(0n);
    expect(text(sink.chunks)).toBe('abcd');
  });

  test('keeps a copy of what was written, as the guest reuses its memory', () => {
    const { stream, sink } = open();
    const memory = bytes('good or bad');
    stream.blockingWriteAndFlush(memory.subarray(0, 4));
    memory.fill(0);
    expect(text(sink.chunks)).toBe('good');
  });

  test('does not copy what was copied already', () => {
    const { stream, sink } = open(16);
    const [one, other] = [bytes('one'), bytes('other')];
    stream.blockingWriteAndFlush(one);
    stream.checkWrite();
    stream.write(other);
    expect(sink.chunks[0]).toBe(one);
    expect(sink.chunks[1]).toBe(other);
  });

  test('is ready again once the reader has made room', async () => {
    const { stream, sink } = open(2);
    stream.checkWrite();
    stream.write(bytes('ab'));
    const pollable = stream.subscribe();
    expect(pollable.ready()).toBe(false);
    const blocked = pollable.block();
    sink.drain();
    await blocked;
    expect(stream.checkWrite()).toBe(2n);
  });

  test('lets other guests run between the pieces, also if there is always room, as in files', async () => {
    let turns = 0;
    const share: ThreadShare = {
      begin() {},
      isDue: () => true,
      async next() {
        turns += 1;
        if (turns === 10) guest.end('its time is over');
      },
    };
    const guest = new Guest(share);
    const stream = new OutputStream({ guest }, testSink());
    const written = stream.blockingWriteZeroesAndFlush(2n ** 64n - 1n);
    await expect(written).rejects.toThrow('its time is over');
    expect(turns).toBe(10);
  });

  test('writes any length in pieces as the reader reads', async () => {
    const { stream, sink } = open(4);
    const written = stream.blockingWriteAndFlush(bytes('0123456789'));
    expect(text(sink.chunks)).toBe('0123');
    sink.drain();
    await new Promise(setImmediate);
    expect(text(sink.chunks)).toBe('01234567');
    sink.drain();
    await written;
    expect(text(sink.chunks)).toBe('0123456789');
  });

  test('a flush waits until the reader has made room', async () => {
    const { stream, sink } = open(4);
    expect(stream.blockingFlush()).toBeUndefined();
    expect(stream.blockingWriteAndFlush(bytes('012'))).toBeUndefined();
    const written = stream.blockingWriteAndFlush(bytes('3'));
    expect(written).toBeInstanceOf(Promise);
    let done = false;
    void Promise.resolve(written).then(() => {
      done = true;
    });
    await new Promise(setImmediate);
    expect(done).toBe(false);
    sink.drain();
    await written;
  });

  test('writes more zeroes than one chunk can hold', async () => {
    const { stream, sink } = open();
    stream.checkWrite();
    stream.writeZeroes(3n);
    await stream.blockingWriteZeroesAndFlush(200_000n);
    const all = Buffer.concat(sink.chunks);
    expect(all).toHaveLength(200_003);
    expect(all.every((byte) => byte === 0)).toBe(true);
  });

  test('stays closed after the reader has gone, also for a pending write', async () => {
    const { stream, sink } = open(1);
    const written = stream.blockingWriteAndFlush(bytes('abc'));
    sink.close();
    expect(await rejection(written)).toEqual(CLOSED);
    expect(thrown(() => stream.checkWrite())).toEqual(CLOSED);
    expect(thrown(() => stream.flush())).toEqual(CLOSED);
    expect(thrown(() => stream.blockingFlush())).toEqual(CLOSED);
    expect(stream.subscribe().ready()).toBe(true);
  });

  test('reports a failure once, then is closed', () => {
    const { stream, sink } = open();
    sink.close({ message: 'disk full', filesystem: 'insufficient-space' });
    expect(thrown(() => stream.checkWrite())).toMatchObject({ tag: 'last-operation-failed' });
    expect(thrown(() => stream.checkWrite())).toEqual(CLOSED);
  });

  test('says how much it spliced into a sink that frees what it has written', () => {
    const lines: Uint8Array[] = [];
    const guest = new Guest();
    const stream = new OutputStream(
      { guest },
      prefixedLines('', (line) => lines.push(line)),
    );
    const source = testSource();
    source.push('x'.repeat(50_000));
    expect(stream.splice(new InputStream(guest, source), 50_000n)).toBe(50_000n);
    expect(lines).toHaveLength(6);
  });

  test('splices as much as the sink has capacity for', async () => {
    const { stream, sink, guest } = open(4);
    const source = testSource();
    const input = new InputStream(guest, source);
    source.push('abcdef');
    expect(stream.splice(input, 3n)).toBe(3n);
    expect(stream.splice(input, 3n)).toBe(1n);
    expect(stream.splice(input, 3n)).toBe(0n);
    const spliced = stream.blockingSplice(input, 9n);
    sink.drain();
    expect(await spliced).toBe(2n);
    const next = stream.blockingSplice(input, 9n);
    source.push('g');
    expect(await next).toBe(1n);
    expect(text(sink.chunks)).toBe('abcdefg');
    source.end();
    expect(thrown(() => stream.blockingSplice(input, 9n))).toEqual(CLOSED);
  });
});
