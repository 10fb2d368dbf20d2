import { describe, expect, test } from 'vitest';
import { type FromWorker, type LogMessage, logSize } from '../../../src/engine/protocol/messages.ts';
import { createOutputChannel } from '../../../src/engine/worker/output.ts';

const text = (message: FromWorker): string =>
  message.type === 'output' ? Buffer.from(message.bytes).toString() : '';

describe('what guests print', () => {
  test('is sent with the write that ends the line, several lines together', () => {
    const sent: FromWorker[] = [];
    const { stdout } = createOutputChannel(true, (message) => sent.push(message)).open(7);
    stdout.write(Buffer.from('one\ntwo\nthr'));
    expect(sent.map(text)).toEqual(['stdout [7] :: one\nstdout [7] :: two\n']);
    stdout.write(Buffer.from('ee\n'));
    expect(sent.map(text)[1]).toBe('stdout [7] :: three\n');
  });

  test('makes all of them wait while too much of it is in transit', () => {
    const channel = createOutputChannel(false, () => {});
    const [loud, quiet] = [channel.open(1), channel.open(2)];
    let written = 0;
    while (loud.stdout.capacity > 0) {
      loud.stdout.write(Buffer.from(`${'x'.repeat(1023)}\n`));
      written += 1024;
    }
    expect(written).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(quiet.stderr.capacity).toBe(0);
    let woken = 0;
    quiet.stderr.changed.listen(() => {
      woken += 1;
    });
    channel.taken(written);
    expect(woken).toBe(1);
    expect(quiet.stderr.capacity).toBeGreaterThan(0);
  });
});

test('a guest that prints empty lines waits after a few thousand: each is a message', () => {
  const { stdout } = createOutputChannel(false, () => {}).open(1);
  let lines = 0;
  while (stdout.capacity > 0) {
    stdout.write(Buffer.from('\n'));
    lines += 1;
  }
  expect(lines).toBeLessThan(5000);
});

test('log messages are dropped while too much is in transit, and the loss is reported', () => {
  const sent: LogMessage[] = [];
  const channel = createOutputChannel(true, (message) => sent.push(message as LogMessage));
  const message = 'm'.repeat(1000);
  for (let i = 0; i < 10_000; i++) channel.log('info', 'guest', message);
  expect(sent.length).toBeLessThan(2000);
  const dropped = 10_000 - sent.length;
  channel.taken(sent.reduce((sum, one) => sum + logSize(one), 0));
  channel.log('info', 'guest', 'heard again');
  expect(sent.slice(-2).map((one) => one.message)).toEqual([
    `${dropped} log messages were dropped`,
    'heard again',
  ]);
});
