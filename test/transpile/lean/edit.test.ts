import { expect, test } from 'vitest';
import { createEditor } from '../../../src/transpile/lean/edit.ts';

const TEXT = 'one two three';
const TWO = { start: 4, end: 7 };

test('positions of edits refer to the original text', () => {
  const edit = createEditor(TEXT);
  edit.insert(13, '!');
  edit.replace(TWO, 'a much longer 2');
  edit.remove({ start: 0, end: 4 });
  edit.insert(8, '(');
  edit.insert(8, '[');
  expect(edit.result()).toBe('a much longer 2 ([three!');
  expect(edit.text(TWO)).toBe('two');
});

test('an edit of a span discards earlier edits within it, and keeps later ones at its borders', () => {
  const edit = createEditor(TEXT);
  edit.replace({ start: 5, end: 6 }, 'W');
  edit.insert(5, 'lost');
  edit.insert(7, 'lost');
  edit.replace(TWO, '2');
  edit.insert(4, '<');
  edit.insert(7, '>');
  edit.replace({ start: 0, end: 3 }, '1');
  edit.replace({ start: 0, end: 3 }, 'I');
  expect(edit.result()).toBe('I <2> three');
});

test('insertions after a span that is removed later are kept', () => {
  const edit = createEditor(TEXT);
  edit.insert(8, '(');
  edit.insert(8, '[');
  edit.remove({ start: 0, end: 4 });
  expect(edit.result()).toBe('two ([three');
});

test.for([
  ['within a span that is gone', { start: 5, end: 6 }],
  ['across its border', { start: 5, end: 9 }],
  ['at a place within it', { start: 5, end: 5 }],
] as const)('an edit %s is a TypeError', ([, span]) => {
  const edit = createEditor(TEXT);
  edit.remove(TWO);
  edit.replace(span, 'x');
  expect(() => edit.result()).toThrow(TypeError);
});
