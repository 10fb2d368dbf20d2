import { expect, test } from 'vitest';
import type { SessionValue, ValueType } from '../../page/src/api/types.ts';
import { parseInput, toInput } from '../../page/src/views/value-input.ts';

const VALUES: readonly SessionValue[] = [
  { key: 'a', type: 'string', value: ' two\nlines ' },
  { key: 'b', type: 'u64', value: '18446744073709551615' },
  { key: 'c', type: 's64', value: '-9223372036854775808' },
  { key: 'd', type: 'bool', value: false },
  { key: 'e', type: 'bytes', value: '/wAB' },
];

test.each(VALUES)('a value of type $type that is edited without a change stays the same', (value) => {
  const { key, ...typed } = value;
  expect(key).not.toBe('');
  expect(parseInput(value.type as ValueType, toInput(value))).toEqual(typed);
});

test('JSON is indented for editing, and stored without the spaces', () => {
  const value: SessionValue = { key: 'cart', type: 'json', value: { items: [1, 'two'] } };
  expect(toInput(value)).toBe('{\n  "items": [\n    1,\n    "two"\n  ]\n}');
  expect(parseInput('json', toInput(value))).toEqual({ type: 'json', text: '{"items":[1,"two"]}' });
});

test('numbers in JSON that JavaScript would round keep all their digits', () => {
  const text = '{"big":12345678901234567890,"exact":1.0}';
  expect(parseInput('json', toInput({ key: 'x', type: 'json', text }))).toEqual({ type: 'json', text });
});

test.each<[ValueType, string, RegExp]>([
  ['u64', '-1', /^A u64 is a whole number from 0 to 18446744073709551615\.$/],
  ['u64', '18446744073709551616', /^A u64 is/],
  ['s64', '9223372036854775808', /^A s64 is/],
  ['s64', '1.5', /^A s64 is/],
  ['u64', '', /^A u64 is/],
  ['bool', 'yes', /^A bool is true or false\.$/],
  ['json', '{', /^This is not valid JSON: /],
  ['bytes', 'a*', /^This is not base64\.$/],
])('%s refuses %j with the reason', (type, input, reason) => {
  expect(parseInput(type, input)).toEqual({ problem: expect.stringMatching(reason) });
});
