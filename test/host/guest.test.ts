import { describe, expect, test } from 'vitest';
import { monotonicClock } from '../../host/clocks/monotonic-clock.ts';
import { Guest } from '../../host/index.ts';
import { InputStream } from '../../host/io/input-stream.ts';
import { OutputStream } from '../../host/io/output-stream.ts';
import { type Pollable, poll } from '../../host/io/poll.ts';
import { bytes, testSink, testSource } from './streams.ts';

const HOUR = 3_600_000_000_000n;

/** Every way to wait, for a guest that is never woken. */
function waits(guest: Guest): Record<string, () => unknown> {
  const input = new InputStream(guest, testSource());
  const output = new OutputStream({ guest }, testSink(0));
  const clock = monotonicClock(guest) as { subscribeDuration(duration: bigint): Pollable };
  return {
    'input-stream.blocking-read': () => input.blockingRead(1n),
    'input-stream.blocking-skip': () => input.blockingSkip(1n),
    'output-stream.blocking-write-and-flush': () => output.blockingWriteAndFlush(bytes('x')),
    'output-stream.blocking-write-zeroes-and-flush': () => output.blockingWriteZeroesAndFlush(1n),
    'output-stream.blocking-flush': () => output.blockingFlush(),
    'output-stream.blocking-splice': () => output.blockingSplice(input, 1n),
    'pollable.block': () => input.subscribe().block(),
    'a timer': () => clock.subscribeDuration(HOUR).block(),
    poll: () => poll([input.subscribe(), output.subscribe(), clock.subscribeDuration(HOUR)]),
    'a store that answers later': () => guest.settle(new Promise(() => {})),
  };
}

describe('a guest that is ended', () => {
  test.each(Object.keys(waits(new Guest())))('is woken from %s by a trap', async (name) => {
    const guest = new Guest();
    const waiting = waits(guest)[name]!() as Promise<unknown>;
    expect(waiting).toBeInstanceOf(Promise);
    guest.end('out of time');
    await expect(waiting).rejects.toThrow(WebAssembly.RuntimeError);
    await expect(waiting).rejects.toThrow('out of time');
    guest.release();
  });

  test.each(Object.keys(waits(new Guest())))('traps when it calls %s afterwards', async (name) => {
    const guest = new Guest();
    const call = waits(guest)[name]!;
    guest.end('out of time');
    await expect((async () => call())()).rejects.toThrow('out of time');
  });

  test('traps in calls that do not wait', () => {
    const guest = new Guest();
    const source = testSource();
    source.push('x');
    const sink = testSink();
    const input = new InputStream(guest, source);
    const output = new OutputStream({ guest }, sink);
    const pollable = input.subscribe();
    guest.end('out of time');
    expect(() => input.read(1n)).toThrow('out of time');
    expect(() => output.checkWrite()).toThrow('out of time');
    expect(() => pollable.ready()).toThrow('out of time');
    expect(sink.chunks).toEqual([]);
  });

  test('keeps its first reason', () => {
    const guest = new Guest();
    guest.end('first');
    guest.end('second');
    expect(guest.ended).toBe('first');
  });
});

describe('release', () => {
  test('runs each cleanup once, and none that was unregistered', () => {
    const guest = new Guest();
    const released: string[] = [];
    guest.onRelease(() => released.push('kept'));
    guest.onRelease(() => released.push('cancelled'))();
    guest.release();
    guest.release();
    expect(released).toEqual(['kept']);
  });
});

describe('settle', () => {
  test('rejects as the promise does', async () => {
    await expect(new Guest().settle(Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
    await expect(new Guest().settle(Promise.resolve(7))).resolves.toBe(7);
  });
});
