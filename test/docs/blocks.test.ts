import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { blocksOf, DOCUMENTS } from './markdown.ts';
import { fileOf, isSkipped, SCRIPT } from './steps.ts';

const blocks = DOCUMENTS.flatMap(blocksOf);
const at = ({ document, line }: { document: string; line: number }): string => `${document}:${line}`;

describe('every block of code', () => {
  test('names its language', () => {
    const known = /^(sh|text|json|yaml|js|ts|dockerfile|ini|nginx|mermaid)$/;
    expect(blocks.filter(({ language }) => !known.test(language)).map(at)).toEqual([]);
  });

  test('names a file if it is a program, so it is run', () => {
    const programs = blocks.filter(({ language }) => language === 'js' || language === 'ts');
    expect(programs.filter((block) => !SCRIPT.test(fileOf(block) ?? '')).map(at)).toEqual([]);
  });

  test('parses if it is data', () => {
    for (const { language, text } of blocks) {
      if (language === 'json') JSON.parse(text);
      if (language === 'yaml') parse(text);
    }
  });

  test('is run, except for known reasons', () => {
    const reasons = blocks.filter(isSkipped).map(({ words }) => words.slice(1).join(' '));
    expect(
      reasons.every((reason) => /^(installs|docker|root|campaign|upstream|publishes|jco)$/.test(reason)),
    ).toBe(true);
    expect(reasons.length).toBeLessThanOrEqual(17);
  });
});
