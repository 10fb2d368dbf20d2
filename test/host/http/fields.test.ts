import { describe, expect, test } from 'vitest';
import { Fields } from '../../../host/http/fields.ts';
import { bytes, text, thrown } from '../streams.ts';

const list = (fields: Fields): string[] => fields.entries().map(([name, value]) => `${name}: ${text(value)}`);

describe('fields', () => {
  test('keep order, repetitions and spelling, and compare names case-insensitively', () => {
    const fields = Fields.fromList([
      ['Set-Cookie', bytes('a=1')],
      ['x-one', bytes('1')],
      ['set-cookie', bytes('b=2')],
    ]);
    expect(list(fields)).toEqual(['Set-Cookie: a=1', 'x-one: 1', 'set-cookie: b=2']);
    expect(fields.get('SET-COOKIE').map(text)).toEqual(['a=1', 'b=2']);
    expect(fields.has('X-One')).toBe(true);
    expect(fields.get('absent')).toEqual([]);
    fields.set('X-ONE', [bytes('2'), bytes('3')]);
    fields.append('x-four', bytes(''));
    fields.delete('SET-cookie');
    expect(list(fields)).toEqual(['X-ONE: 2', 'X-ONE: 3', 'x-four: ']);
    fields.set('x-one', []);
    expect(fields.has('x-one')).toBe(false);
  });

  const bad: [string, string, string][] = [
    ['', 'empty name', 'invalid-syntax'],
    ['two words', 'v', 'invalid-syntax'],
    ['colon:', 'v', 'invalid-syntax'],
    ['na\r\nme', 'v', 'invalid-syntax'],
    ['naïve', 'v', 'invalid-syntax'],
    ['x-value', 'a\r\nSet-Cookie: b', 'invalid-syntax'],
    ['x-value', 'a\nb', 'invalid-syntax'],
    ['x-value', 'a\0b', 'invalid-syntax'],
    ['x-value', 'a\x7fb', 'invalid-syntax'],
    ['Connection', 'close', 'forbidden'],
    ['KEEP-ALIVE', 'timeout=5', 'forbidden'],
    ['transfer-encoding', 'chunked', 'forbidden'],
    ['Upgrade', 'websocket', 'forbidden'],
    ['http2-settings', 'x', 'forbidden'],
    ['proxy-connection', 'close', 'forbidden'],
    ['proxy-authenticate', 'x', 'forbidden'],
    ['proxy-authorization', 'x', 'forbidden'],
    ['host', 'evil.example', 'forbidden'],
  ];
  test.each(bad)('refuse %j: %j as %s, and stay as they were', (name, value, tag) => {
    const fields = Fields.fromList([['x-value', bytes('old')]]);
    expect(thrown(() => fields.append(name, bytes(value)))).toEqual({ tag });
    expect(thrown(() => fields.set(name, [bytes('ok'), bytes(value)]))).toEqual({ tag });
    expect(thrown(() => Fields.fromList([[name, bytes(value)]]))).toEqual({ tag });
    expect(list(fields)).toEqual(['x-value: old']);
  });

  test('accept tabs and bytes above ASCII', () => {
    const value = Uint8Array.of(0x61, 0x09, 0x80, 0xff);
    expect(Fields.fromList([['x', value]]).get('x')).toEqual([value]);
  });

  test('refuse every change when immutable; a clone accepts them', () => {
    const fields = Fields.immutable([['a', bytes('1')]]);
    const immutable = { tag: 'immutable' };
    expect(thrown(() => fields.set('a', []))).toEqual(immutable);
    expect(thrown(() => fields.append('b', bytes('2')))).toEqual(immutable);
    expect(thrown(() => fields.delete('a'))).toEqual(immutable);
    const clone = fields.clone();
    clone.append('b', bytes('2'));
    clone.delete('a');
    expect(list(clone)).toEqual(['b: 2']);
    expect(list(fields)).toEqual(['a: 1']);
  });

  test('keep a copy of values, as the guest reuses its memory', () => {
    const memory = bytes('good');
    const fields = Fields.fromList([['x', memory]]);
    memory.fill(0);
    expect(fields.get('x').map(text)).toEqual(['good']);
  });

  test('trap beyond 128 KiB, but not when they are replaced repeatedly', () => {
    const fields = new Fields();
    const half = new Uint8Array(64 * 1024).fill(0x61);
    for (let i = 0; i < 10; i += 1) fields.set('x', [half]);
    expect(() => fields.append('y', half)).toThrow(WebAssembly.RuntimeError);
  });
});
