import { expect, test } from 'vitest';
import { parseExact } from '../../page/src/parts/exact-json.ts';
import { flatten, type Node } from '../../page/src/parts/tree-nodes.ts';

function lines(value: unknown, toggled: readonly string[] = [], limit = 100): string[] {
  const nodes = flatten(value, { toggled: new Set(toggled), limitOf: () => limit });
  expect(new Set(nodes.map(({ path }) => path)).size).toBe(nodes.length);
  return nodes.map((node) => '  '.repeat(node.depth) + text(node));
}

function text(node: Node): string {
  if (node.kind === 'rest') return `${node.total - node.shown} more`;
  const name = node.name === undefined ? '' : `${node.name}: `;
  return name + (node.kind === 'branch' ? node.summary : `${node.text} (${node.type})`);
}

test('a small value is shown whole', () => {
  const value = parseExact(
    '{"items":[{"sku":"A","price":7.50}],"gift":true,"note":null,"none":[],"n":12345678901234567890}',
  );
  expect(lines(value)).toEqual([
    '{5}',
    '  items: [1]',
    '    0: {2}',
    '      sku: "A" (string)',
    '      price: 7.50 (number)',
    '  gift: true (boolean)',
    '  note: null (null)',
    '  none: [0]',
    '  n: 12345678901234567890 (number)',
  ]);
});

test('large parts are closed at first, and open as asked', () => {
  const value = { long: Array.from({ length: 1000 }, (_, index) => index), short: [1] };
  expect(lines(value)).toEqual(['{2}']);
  expect(lines(value, ['$'])).toEqual(['{2}', '  long: [1000]', '  short: [1]', '    0: 1 (number)']);
  expect(lines(value, ['$', '$/long'], 2)).toEqual([
    '{2}',
    '  long: [1000]',
    '    0: 0 (number)',
    '    1: 1 (number)',
    '    998 more',
    '  short: [1]',
    '    0: 1 (number)',
  ]);
});

test('names with slashes do not collide', () => {
  expect(lines({ a: { 'b/c': [0], b: { c: [0] } }, 'a/b': { c: [0] } })).toHaveLength(10);
});
