import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OPTIONS } from '../../src/options/table.ts';
import { ROOT, read } from './markdown.ts';

interface Limit {
  readonly text: string;
  readonly value: string;
  readonly option: string | undefined;
  readonly file: string;
  readonly code: string;
}

const limits: Limit[] = read('docs/limits.md')
  .split('\n')
  .flatMap((line) => {
    const [text, value, , change, where] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    const source = /^`([^`]+)`: `([^`]+)`$/.exec(where ?? '');
    if (source === null) return [];
    const option = /^`(--[\w-]+)`$/.exec(change!)?.[1];
    return [{ text: text!, value: value!, option, file: source[1]!, code: source[2]! }];
  });

const UNITS: Record<string, number> = {
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
};

/** `64 KiB` as bytes, `5 min` as milliseconds, `1,000` as it is. */
function amount(text: string): number {
  const [, number, unit = ''] = /^([\d.,]+)(?: (\w+))?/.exec(text)!;
  return Number(number!.replaceAll(',', '')) * (UNITS[unit] ?? 1);
}

/** The number at the end of the code, as far as the page shows it. */
function coded(code: string): number {
  const factors = /([\d_]+)((?: \*{1,2} [\d_]+)*)/.exec(code.replace(/^.*?(?:=|\?\?|:) /, ''))!;
  const [first, ...rest] = factors[0]
    .split(/ (?=\*)/)
    .map((part) => Number(part.replace(/^\*+ /, '').replaceAll('_', '')));
  return factors[0].includes('**')
    ? power(factors[0])
    : rest.reduce((product, factor) => product * factor, first!);
}

function power(text: string): number {
  return text
    .replaceAll('_', '')
    .split(/ \* /)
    .map((part) => part.split(' ** ').map(Number))
    .reduce((product, [base, exponent = 1]) => product * base! ** exponent, 1);
}

test('the page lists limits', () => {
  expect(limits.length).toBeGreaterThan(25);
});

test.each(limits)('$text: $value, as in $file', ({ value, file, code }) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const at = source.indexOf(code);
  expect(at).toBeGreaterThan(0);
  const line = source.slice(at, source.indexOf('\n', at));
  expect(coded(line)).toBe(amount(value));
});

test.each(limits.filter(({ option }) => option !== undefined))(
  '$option has that default',
  ({ option, value }) => {
    const spec = Object.values(OPTIONS).find(({ flags }) => flags.split(' ').includes(option!));
    expect(spec?.fallback).toBe(amount(value));
  },
);
