import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, read } from './markdown.ts';

const FOLDER = 'docs/decisions';
const INDEX = `${FOLDER}/README.md`;
const SECTIONS = ['Question', 'Choice', 'Reasons', 'What would change it'];

const records = globSync(`${FOLDER}/*.md`, { cwd: ROOT })
  .filter((path) => path !== INDEX)
  .sort()
  .map((path) => {
    const text = read(path);
    const [, number, title] = /^# (\d+)\. (.+)\n/.exec(text) ?? [];
    const sections = [...text.matchAll(/^\*\*([^*]+)\.\*\* \S/gm)].map(([, name]) => name!);
    return { file: basename(path), number: Number(number), title, text, sections };
  });

const rows = read(INDEX)
  .split('\n')
  .flatMap((line) => {
    const match = /^\| *(\d+) *\| \[(.+)\]\(([\w-]+\.md)\) *\| (.*\S) *\|$/.exec(line);
    if (match === null) return [];
    const [, number, title, file, summary] = match;
    return [{ number: Number(number), title, file, summary: summary! }];
  });

test('the index lists every record once, in order, by its own number and title', () => {
  const byNumber = records.toSorted((a, b) => a.number - b.number);
  const listed = rows.map(({ number, title, file }) => ({ number, title, file }));
  expect(listed).toEqual(byNumber.map(({ number, title, file }) => ({ number, title, file })));
});

test('the numbers run from 1 without a gap', () => {
  expect(records.length).toBeGreaterThan(20);
  const numbers = records.map(({ number }) => number).sort((a, b) => a - b);
  expect(numbers).toEqual(records.map((_, at) => at + 1));
});

test('the index sums up each record in one line', () => {
  expect(rows.filter(({ summary }) => summary.length > 160 || !summary.endsWith('.'))).toEqual([]);
});

describe.each(records)('$file', ({ sections, text }) => {
  test('has the four sections, in order', () => expect(sections).toEqual(SECTIONS));

  test('has at most 375 words', () => expect(text.split(/\s+/).length).toBeLessThanOrEqual(375));

  test('names an existing record if another one supersedes it', () => {
    const mention = /^Superseded by (.*)$/m.exec(text)?.[1];
    if (mention === undefined) return;
    const [, number, file] = /^\[(\d+)\]\(([\w-]+\.md)\)/.exec(mention) ?? [];
    expect(records.find((record) => record.file === file)?.number).toBe(Number(number));
  });
});
