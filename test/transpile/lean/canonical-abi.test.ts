import { describe, expect, test } from 'vitest';
import { type AbiGuest, abiGuest, KINDS, loadAbiGuest } from './abi-guest.ts';

const TRAP = Symbol('a trap');
const TAKE = { type: '(param "value" string)', core: '(param i32 i32)' };
const call = (...values: (number | string)[]): string =>
  `(call $f ${values.map((value) => `(i32.const ${value})`).join(' ')}) (i32.const 0)`;
const strings = (...values: number[]): AbiGuest => ({
  type: '(param "value" (list string))',
  core: '(param i32 i32)',
  body: call(...values),
});
const bytes = (...values: number[]): AbiGuest => ({ ...strings(...values), type: '(param "v" (list u8))' });
const flat = (type: string, value: number | string, types = ''): AbiGuest => ({
  type: `(param "value" ${type})`,
  core: '(param i32)',
  body: call(value),
  types,
});
const named = (definition: string): string => `(type $t' ${definition}) (export "t" (type $t (eq $t')))`;
const flags = (value: number): AbiGuest => flat('$t', value, named('(flags "a" "b" "c")'));
const kind = (value: number): AbiGuest => flat('$t', value, named('(enum "a" "b" "c")'));

/** What a guest gives to the host, and what the host gets. */
const LIFTED: readonly (readonly [title: string, guest: AbiGuest, value: unknown])[] = [
  ['true is all but 0', flat('bool', 2), true],
  ['0 is false', flat('bool', 0), false],
  [
    'a bool in memory',
    { ...strings(32, 3), type: '(param "v" (list bool))', data: '(data (i32.const 32) "\\02\\00\\80")' },
    [true, false, true],
  ],
  ['the upper bits of a u8 do not count', flat('u8', 0x107), 7],
  ['the upper bits of a u16 do not count', flat('u16', 0x100c8), 200],
  ['the upper bits of an s8 do not count', flat('s8', 0x1ff), -1],
  ['the upper bits of an s16 do not count', flat('s16', 0x18000), -32768],
  ['an s8 is as it is', flat('s8', -128), -128],
  ['flags without a meaning do not count', flags(-6), { a: false, b: true, c: false }],
  [
    'flags without a meaning in memory',
    {
      ...strings(32, 2),
      type: '(param "v" (list $t))',
      types: named('(flags "a" "b" "c")'),
      data: '(data (i32.const 32) "\\fa\\05")',
    },
    [
      { a: false, b: true, c: false },
      { a: true, b: false, c: true },
    ],
  ],
  ['the last case of an enum', kind(2), 'c'],
  ['a case that an enum does not have', kind(3), TRAP],
  ['a negative case', kind(-1), TRAP],
  [
    'an option that is neither',
    { type: '(param "v" (option u32))', core: '(param i32 i32)', body: call(2, 0) },
    TRAP,
  ],
  [
    'a result that is neither',
    { type: '(param "v" (result u32))', core: '(param i32 i32)', body: call(2, 0) },
    TRAP,
  ],
  ['the last character', flat('char', 0x10ffff), '\u{10ffff}'],
  ['a character behind the last', flat('char', 0x110000), TRAP],
  ['a surrogate for a character', flat('char', 0xd800), TRAP],
  ['a negative character', flat('char', -1), TRAP],
  ['an empty list at the end of the memory', strings(65_536, 0), []],
  ['an empty list outside of the memory', strings(65_540, 0), TRAP],
  ['a list that is not aligned', strings(34, 1), TRAP],
  ['a list across the end of the memory', strings(65_532, 1), TRAP],
  ['a list of 2^32 - 1 elements', strings(32, -1), TRAP],
  ['a list of 2^31 elements', strings(32, 0x80000000), TRAP],
  ['bytes up to the end of the memory', bytes(65_533, 3), new Uint8Array(3)],
  ['bytes across the end of the memory', bytes(65_533, 4), TRAP],
  ['2^32 - 1 bytes', bytes(0, -1), TRAP],
  ['bytes that begin in front of the memory', bytes(-2, 2), TRAP],
  ['an empty string at the end of the memory', { ...TAKE, body: call(65_536, 0) }, ''],
  ['an empty string outside of the memory', { ...TAKE, body: call(65_537, 0) }, TRAP],
  ['a string of 2^32 - 1 bytes', { ...TAKE, body: call(32, -1) }, TRAP],
  ['a string of UTF-16 that is not aligned', { ...TAKE, body: call(33, 1), encoding: 'utf16' }, TRAP],
  [
    'a string above 2 GiB',
    { ...TAKE, body: call(0x80000010, 3), pages: 32_769, data: '(data (i32.const 0x80000010) "far")' },
    'far',
  ],
  [
    'a list above 2 GiB',
    {
      ...strings(0x80000010, 1),
      pages: 32_769,
      data: '(data (i32.const 0x80000010) "\\18\\00\\00\\80\\03\\00\\00\\00far")',
    },
    ['far'],
  ],
];

const GIVE = { type: '(result string)', core: '(param i32)', body: '(call $f (i32.const 32)) (call $count)' };
const GIVE_PAIRS = { ...GIVE, type: '(result (list (tuple string string)))' };
const reading = (address: number, pages = 1, offset = 0): AbiGuest => ({
  ...GIVE,
  pages,
  body: `(call $f (i32.const ${address})) (i32.load8_u (i32.load (i32.const ${address + offset})))`,
});

/** What the host gives to a guest, and what that makes of it. */
const LOWERED: readonly (readonly [title: string, guest: AbiGuest, given: unknown, result: unknown])[] = [
  ['realloc is called for an empty string', GIVE, '', 1],
  ['realloc is called for an empty string in UTF-16', { ...GIVE, encoding: 'utf16' }, '', 1],
  ['realloc is called for an empty list', GIVE_PAIRS, [], 1],
  [
    'realloc is called for each of the strings in a list',
    GIVE_PAIRS,
    [
      ['A', ''],
      ['', 'x'],
    ],
    5,
  ],
  ['what is in a string', reading(32), 'x', 120],
  ['what is in a string in UTF-16', { ...reading(32), encoding: 'utf16' }, 'x', 120],
  ['an empty string at the end of the memory', { ...GIVE, realloc: '(i32.const 65536)' }, '', 1],
  ['an empty string outside of the memory', { ...GIVE, realloc: '(i32.const 65537)' }, '', TRAP],
  ['a string across the end of the memory', { ...GIVE, realloc: '(i32.const 65535)' }, 'xy', TRAP],
  [
    'a string in UTF-16 that is not aligned',
    { ...GIVE, encoding: 'utf16', realloc: '(i32.const 65)' },
    '',
    TRAP,
  ],
  ['a list that is not aligned', { ...GIVE_PAIRS, realloc: '(i32.const 66)' }, [], TRAP],
  ['an empty list outside of the memory', { ...GIVE_PAIRS, realloc: '(i32.const 65540)' }, [], TRAP],
  ['a result that is not aligned', reading(34), 'x', TRAP],
  ['a result outside of the memory', reading(65_532), 'x', TRAP],
  ['a result at a negative address', { ...GIVE, body: '(call $f (i32.const -8)) (i32.const 0)' }, 'x', TRAP],
  ['a string above 2 GiB', { ...reading(32, 32_769), realloc: '(i32.const 0x80000010)' }, 'x', 120],
  ['a result above 2 GiB', reading(0x80000010, 32_769), 'x', 120],
  [
    'half a pair of surrogates',
    { ...GIVE, encoding: 'utf16', body: '(call $f (i32.const 32)) (i32.load16_u (i32.const 64))' },
    '\ud800',
    0xfffd,
  ],
];

describe.each(KINDS)('by %s glue', (glue) => {
  test.each(LIFTED)('the host gets from a guest: %s', async (_, guest, value) => {
    const got: unknown[] = [];
    const create = await loadAbiGuest(glue, abiGuest(guest));
    const instance = create((given) => void got.push(given));
    if (value !== TRAP) {
      instance.run();
      expect(got).toEqual([value]);
      return;
    }
    expect(() => instance.run()).toThrow();
    expect(got).toEqual([]);
    expect(instance.isDead()).toBe(true);
  });

  test.each(LOWERED)('a guest gets from the host: %s', async (_, guest, given, result) => {
    const instance = (await loadAbiGuest(glue, abiGuest(guest)))(() => given);
    if (result !== TRAP) {
      expect(instance.run()).toBe(result);
      return;
    }
    expect(() => instance.run()).toThrow();
    expect(instance.isDead()).toBe(true);
  });
});
