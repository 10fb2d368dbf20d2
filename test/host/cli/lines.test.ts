import { describe, expect, test } from 'vitest';
import { type LineSink, prefixedLines } from '../../../host/index.ts';
import { bytes, text } from '../streams.ts';

function collect(prefix: string): { sink: LineSink; lines: string[] } {
  const lines: string[] = [];
  return { sink: prefixedLines(prefix, (line) => lines.push(text(line))), lines };
}

describe('prefixed lines', () => {
  test('are written whole after the prefix, in whatever chunks they arrive', () => {
    const { sink, lines } = collect('stdout [7] :: ');
    for (const piece of ['one\ntw', 'o\n\nth', 'r', 'ee']) sink.write(bytes(piece));
    expect(lines).toEqual(['stdout [7] :: one\n', 'stdout [7] :: two\n', 'stdout [7] :: \n']);
    sink.flush();
    sink.flush();
    expect(lines.slice(3)).toEqual(['stdout [7] :: three\n']);
  });

  test('of two guests do not mix', () => {
    const lines: string[] = [];
    const [a, b] = ['a: ', 'b: '].map((prefix) => prefixedLines(prefix, (line) => lines.push(text(line))));
    a!.write(bytes('hel'));
    b!.write(bytes('wor'));
    a!.write(bytes('lo\n'));
    b!.write(bytes('ld\n'));
    expect(lines).toEqual(['a: hello\n', 'b: world\n']);
  });

  test('are broken when they are too long', () => {
    const { sink, lines } = collect('');
    for (let i = 0; i < 5; i += 1) sink.write(bytes('x'.repeat(4000)));
    expect(lines.map((line) => line.length)).toEqual([8193, 8193]);
    sink.flush();
    expect(lines.join('').replaceAll('\n', '')).toBe('x'.repeat(20_000));
  });

  test('free large chunks, and keep the beginning of a line that remains of one', () => {
    const { sink, lines } = collect('');
    const chunks = ['a'.repeat(5000), `${'b'.repeat(100)}\n${'c'.repeat(6000)}`, 'd\n'].map((part) =>
      new TextEncoder().encode(part).slice(),
    );
    for (const chunk of chunks) sink.write(chunk);
    expect(chunks.map(({ byteLength }) => byteLength)).toEqual([0, 0, 2]);
    expect(lines).toEqual([`${'a'.repeat(5000)}${'b'.repeat(100)}\n`, `${'c'.repeat(6000)}d\n`]);
  });

  test('have memory of their own if they are long, so that the reader can free it', () => {
    const out: Uint8Array[] = [];
    const sink = prefixedLines('> ', (line) => out.push(line));
    for (let n = 0; n < 4; n += 1) sink.write(new Uint8Array(4096).fill(0x61));
    expect(out.map(({ length, buffer }) => [length, buffer.byteLength])).toEqual([
      [8195, 8195],
      [8195, 8195],
    ]);
  });

  test('keep bytes that are not text', () => {
    const out: Uint8Array[] = [];
    prefixedLines('', (line) => out.push(line)).write(Uint8Array.of(0xff, 0x00, 0x0a));
    expect([...out[0]!]).toEqual([0xff, 0x00, 0x0a]);
  });
});
