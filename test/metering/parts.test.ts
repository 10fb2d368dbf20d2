import { describe, expect, test } from 'vitest';
import { type MeteredGuest, meteredGuest, PLENTY } from './guests.ts';

const MEBIBYTE = 1024 * 1024;

/** Two memories of 4 MiB. */
const GUEST = `(module (memory $a (export "a") 64) (memory $b (export "b") 64)
  (func (export "fill") (param i32 i32 i32) (memory.fill $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy $a $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "across") (param i32 i32 i32) (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2))))`;

function bytesOf({ core }: MeteredGuest, memory: 'a' | 'b'): Buffer {
  return Buffer.from((core.exports[memory] as WebAssembly.Memory).buffer);
}

/** With bytes in its first memory that differ from one to the next, and from one page to the next. */
async function guestWithBytes(): Promise<MeteredGuest> {
  const guest = await meteredGuest(GUEST, () => 0);
  const bytes = bytesOf(guest, 'a');
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
  return guest;
}

const LENGTHS = [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, MEBIBYTE, 3 * MEBIBYTE - 7];

describe('a large operation does what it does at once, although it is suspended between its parts', () => {
  test.each(LENGTHS)('filling %i bytes', async (length) => {
    const guest = await guestWithBytes();
    const expected = Buffer.from(bytesOf(guest, 'a')).fill(7, 1000, 1000 + length);
    await guest.promise('fill', 1000, 7, length);
    expect(bytesOf(guest, 'a').equals(expected)).toBe(true);
  });

  const moves = { forward: [1_000_003, 999_000], backward: [999_000, 1_000_003], 'to itself': [9, 9] };
  test.each(
    Object.entries(moves).flatMap(([name, [to, from]]) =>
      LENGTHS.map((length) => ({ name, to: to!, from: from!, length })),
    ),
  )('moving $length bytes $name', async ({ to, from, length }) => {
    const guest = await guestWithBytes();
    const expected = Buffer.from(bytesOf(guest, 'a')).copyWithin(to, from, from + length);
    await guest.promise('copy', to, from, length);
    expect(bytesOf(guest, 'a').equals(expected)).toBe(true);
  });

  test.each([
    [9, MEBIBYTE],
    [MEBIBYTE, 9],
  ])('copying to %i of another memory, from %i', async (to, from) => {
    const guest = await guestWithBytes();
    const bytes = bytesOf(guest, 'a');
    const expected = Buffer.alloc(bytes.length);
    bytes.copy(expected, to, from, from + 3 * MEBIBYTE - 7);
    await guest.promise('across', to, from, 3 * MEBIBYTE - 7);
    expect(bytesOf(guest, 'b').equals(expected)).toBe(true);
  });
});

test.each([
  ['fill', [2 * MEBIBYTE, 7, 2 * MEBIBYTE + 1]],
  ['fill', [0xffff_ffff, 7, MEBIBYTE]],
  ['fill', [0, 7, 0xffff_ffff]],
  ['copy', [2 * MEBIBYTE, 0, 2 * MEBIBYTE + 1]],
  ['copy', [0, 2 * MEBIBYTE, 2 * MEBIBYTE + 1]],
  ['across', [0xffff_ffff, 0, MEBIBYTE]],
  ['across', [0, 0xffff_ffff, MEBIBYTE]],
] as const)('%s out of bounds traps, and writes nothing: %j', async (name, operands) => {
  const guest = await guestWithBytes();
  const before = [Buffer.from(bytesOf(guest, 'a')), Buffer.from(bytesOf(guest, 'b'))];
  expect(() => guest.call(name, ...operands)).toThrow(/out of bounds/);
  expect(before.map((bytes, at) => bytes.equals(bytesOf(guest, at === 0 ? 'a' : 'b')))).toEqual([true, true]);
});

test.each(['fill', 'copy', 'across'])('one large %s is trapped half-way', async (name) => {
  const guest = await meteredGuest(GUEST, (tick) => (tick < 4 ? 1000 : -1));
  expect(() => guest.call(name, MEBIBYTE, 1, 3 * MEBIBYTE)).toThrow(/unreachable/);
  expect(guest.ticks).toBe(4);
});

test.each(['fill', 'copy', 'across'])(
  'a large %s takes as many units as several small ones',
  async (name) => {
    const [whole, halves] = await Promise.all([
      meteredGuest(GUEST, undefined, PLENTY),
      meteredGuest(GUEST, undefined, PLENTY),
    ]);
    whole.call(name, MEBIBYTE, 0, 2 * MEBIBYTE);
    for (let n = 0; n < 16; n += 1) halves.call(name, MEBIBYTE, 0, MEBIBYTE / 8);
    expect(whole.meter.used).toBeGreaterThanOrEqual((2 * MEBIBYTE) / 8);
    expect(Math.abs(whole.meter.used - halves.meter.used)).toBeLessThan(100);
  },
);
