import { expect, test } from 'vitest';
import { blocksOf, DOCUMENTS } from './markdown.ts';
import { LIMIT, stepsOf, tryOut } from './steps.ts';

const tried = DOCUMENTS.filter((document) => stepsOf(blocksOf(document)).length > 0);

test.each(tried)(
  'the commands and programs of %s print what the page shows',
  async (document) => {
    expect(await tryOut(blocksOf(document))).toEqual([]);
  },
  LIMIT + 30_000,
);
