import { describe, expect, test } from 'vitest';
import { parseExactly, parseJson } from '../../src/mcp/json.ts';

/** TypeScript's library does not have it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** The slow way. */
function revived(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? rawJSON(context.source)
      : value,
  );
}

const NUMBERS = [
  '12345678901234567890',
  '-0',
  '1.0',
  '1e3',
  '1E+400',
  '-12.5e-7',
  '0.1000',
  '9007199254740993',
];

const TEXTS = [
  '12345678901234567890',
  ...NUMBERS.map((number) => `[${number},-0]`),
  `[${NUMBERS}]`,
  ` \t\r\n{ "a" : ${NUMBERS[0]} , "b":[ ] ,"c" :{ }, "d":[ 1 , [ 2 ] ] } \n`,
  `{"a":1,"a":{"b":-0},"a":[${NUMBERS[0]}]}`,
  `{"__proto__":{"a":-0},"constructor":-0,"":-0}`,
  `{"a\\"]}\\\\":"}]\\\\\\"","\\u00e9\\n":[true,false,null,-0],"é\u{1f600}":"\\ud800"}`,
  `["\\\\","\\"","",-0,"[1e9"]`,
];

describe('what is read exactly', () => {
  test.each(TEXTS)('is the value with its numbers as they are: %s', (text) => {
    const read = parseExactly(text);
    expect(read).toEqual(revived(text));
    expect(JSON.stringify(read)).toBe(JSON.stringify(revived(text)));
    expect(JSON.stringify(JSON.parse(JSON.stringify(read)))).toBe(JSON.stringify(JSON.parse(text)));
    expect(Object.getPrototypeOf(Object(read))).toBe(Object.getPrototypeOf(Object(revived(text))));
  });

  test.each(['', '-', '01', '1e', '[1e9,]', '{"a":-0', '[-0}', '"\\x"', '-0 1', 'Infinity1e999'])(
    'must be JSON: %s',
    (text) => expect(() => parseExactly(text)).toThrow(SyntaxError),
  );

  test('takes not much longer than what is read fast', () => {
    const text = `[${'1,[],{"a":"b"},'.repeat(100_000)}1e400]`;
    const time = (read: (text: string) => unknown): number => {
      const started = performance.now();
      read(text);
      return performance.now() - started;
    };
    const best = (read: (text: string) => unknown): number =>
      Math.min(...Array.from({ length: 5 }, () => time(read)));
    expect(best(parseExactly)).toBeLessThan(12 * best(JSON.parse));
  });
});

describe('what is nested', () => {
  const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const objects = (depth: number): string => `${'{"[":'.repeat(depth)}1${'}'.repeat(depth)}`;

  test.each([lists, objects])('1,000 deep is read, and deeper is not', (nested) => {
    for (const read of [parseJson, parseExactly]) {
      expect(JSON.stringify(read(nested(1000)))).toBe(nested(1000));
      expect(() => read(nested(1001))).toThrow('nested more than 1000 deep');
      expect(() => read(`[${lists(500)},${objects(1000)}]`)).toThrow('nested more than 1000 deep');
    }
  });

  test('is what brackets outside of strings enclose', () => {
    const text = JSON.stringify(['['.repeat(2000), '\\"['.repeat(2000), '\\'.repeat(2001), '{'.repeat(2000)]);
    expect(parseJson(text)).toEqual(JSON.parse(text));
    const wide = `[${Array.from({ length: 3000 }, () => '[{"a":[]}]')}]`;
    expect(parseJson(wide)).toEqual(JSON.parse(wide));
  });
});
