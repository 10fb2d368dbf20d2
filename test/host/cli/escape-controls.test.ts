import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { shownOn } from '../../../host/cli/escape-controls.ts';

const stream = (isTTY: boolean): NodeJS.WritableStream => Object.assign(new PassThrough(), { isTTY });
const shown = (text: string, isTTY = true): string =>
  Buffer.from(shownOn(stream(isTTY))(Buffer.from(text))).toString();

test('a terminal gets escapes instead of control characters, and all other bytes unchanged', () => {
  expect(shown('\x1b]0;title\x07\x1b[31mred\x7f\0')).toBe('\\x1b]0;title\\x07\\x1b[31mred\\x7f\\x00');
  expect(shown('\x9b31m \u0085')).toBe(
    '\ufffd\\x9b31m \ufffd\\x85'.replaceAll('\ufffd', Buffer.of(0xc2).toString()),
  );
  expect(shown('tab\tline\nwindows\r\nover\rwritten')).toBe('tab\tline\nwindows\r\nover\\x0dwritten');
  expect(shown('grün 漢字 🎉 «\u00a0»')).toBe('grün 漢字 🎉 «\u00a0»');
  expect(shown('')).toBe('');
});

test('a sequence that is split between two writes is escaped too', () => {
  const show = shownOn(stream(true));
  expect([...show(Uint8Array.of(0xc2))]).toEqual([0xc2]);
  expect(Buffer.from(show(Uint8Array.of(0x9b))).toString()).toBe('\\x9b');
  expect([...show(Uint8Array.of(0xe2))]).toEqual([0xe2]);
  expect([...show(Uint8Array.of(0x82, 0xac))]).toEqual([0x82, 0xac]);
});

test('a file or a pipe gets every byte unchanged', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(shownOn(stream(false))(bytes)).toBe(bytes);
  expect(shownOn(new PassThrough())(bytes)).toBe(bytes);
});
