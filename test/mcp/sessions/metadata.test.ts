import { describe, expect, test } from 'vitest';
import { endedMetadata, readMetadata, stateOf } from '../../../src/mcp/sessions/metadata.ts';
import { decodeTyped } from '../../../src/mcp/sessions/typed-value.ts';
import { json } from './stored.ts';

const LIVE = { terminated: false, created_at: 1_700_000_000_123, expires_at: 1_700_086_400 };

test('metadata that a server writes is understood', () => {
  expect(readMetadata(json(LIVE))).toEqual({
    terminated: false,
    createdAt: 1_700_000_000_123,
    expiresAt: 1_700_086_400_000,
    reason: undefined,
  });
  const { expires_at: _, ...endless } = LIVE;
  expect(readMetadata(json({ ...endless, terminated: true, reason: 'x' }))).toMatchObject({
    terminated: true,
    expiresAt: undefined,
    reason: 'x',
  });
});

describe('metadata that no server writes is not understood:', () => {
  const { terminated: _, ...withoutTerminated } = LIVE;
  const { created_at: __, ...withoutCreated } = LIVE;
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['JSON without a tag', Buffer.from(JSON.stringify(LIVE))],
    ['JSON as text', Buffer.from(`\x01${JSON.stringify(LIVE)}`)],
    ['half of it', json(LIVE).subarray(0, 40)],
    ['more behind it', Buffer.concat([json(LIVE), Buffer.from('x')])],
    ['no UTF-8', Buffer.concat([Buffer.from('\x02{"reason":"'), Buffer.of(0xff), Buffer.from('"}')])],
    ['a byte-order mark', Buffer.from(`\x02\ufeff${JSON.stringify(LIVE)}`)],
    ['a list', json([LIVE])],
    ['more than 64 KiB', json({ ...LIVE, reason: 'x'.repeat(65_536) })],
    ['null', json(null)],
    ['no word on its end', json(withoutTerminated)],
    ['no time of creation', json(withoutCreated)],
    ['a word for true', json({ ...LIVE, terminated: 'true' })],
    ['a number for true', json({ ...LIVE, terminated: 1 })],
    ['a date', json({ ...LIVE, expires_at: '2023-11-15' })],
    ['an end of null', json({ ...LIVE, expires_at: null })],
    ['half a second', json({ ...LIVE, expires_at: 1.5 })],
    ['an end before time', json({ ...LIVE, expires_at: -1 })],
    ['an end beyond exact numbers', json({ ...LIVE, expires_at: 2 ** 60 })],
    ['a reason that is none', json({ ...LIVE, reason: 3 })],
    ['a field that nobody knows', json({ ...LIVE, kept: true })],
  ])('%s', (_, stored) => {
    expect(readMetadata(stored)).toBeUndefined();
  });
});

describe('a session is live', () => {
  const end = LIVE.expires_at * 1000;
  const state = (fields: object, updated: number, now: number): unknown =>
    stateOf(readMetadata(json({ ...LIVE, ...fields }))!, updated, now);

  test('until the second in which it expires', () => {
    expect(state({}, 5, end - 1)).toEqual({ name: 'live' });
    expect(state({}, 5, end)).toEqual({ name: 'expired', since: end });
  });

  test('until it was ended, or would have expired', () => {
    expect(state({ terminated: true }, end - 5000, end - 4000)).toEqual({ name: 'ended', since: end - 5000 });
    expect(state({ terminated: true }, end + 5000, end + 6000)).toEqual({ name: 'ended', since: end });
  });

  test('forever if it does not expire', () => {
    expect(state({ expires_at: undefined }, 5, Number.MAX_SAFE_INTEGER)).toEqual({ name: 'live' });
  });
});

test('ending it keeps everything else, in the order and format of servers', () => {
  const ended = endedMetadata(readMetadata(json(LIVE))!, 'enough');
  expect(Buffer.from(ended).toString()).toBe(
    '\x02{"terminated":true,"created_at":1700000000123,"expires_at":1700086400,"reason":"enough"}',
  );
});

test('values of each type are decoded, others are not', () => {
  const of = (...bytes: number[]): unknown => decodeTyped(Uint8Array.of(...bytes));
  expect(of(1, 0x61)).toEqual({ type: 'string', value: 'a' });
  expect(of(2, 0x31)).toEqual({ type: 'json', value: '1' });
  expect(of(3, 255, 255, 255, 255, 255, 255, 255, 255)).toEqual({ type: 'u64', value: 2n ** 64n - 1n });
  expect(of(4, 255, 255, 255, 255, 255, 255, 255, 255)).toEqual({ type: 's64', value: -1n });
  expect(of(5, 1)).toEqual({ type: 'bool', value: true });
  expect(of(6, 0, 1)).toEqual({ type: 'bytes', value: Uint8Array.of(0, 1) });
  for (const none of [of(), of(0), of(7, 1), of(3, 1), of(5), of(1, 0xff)]) expect(none).toBeUndefined();
});
