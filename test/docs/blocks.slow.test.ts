import { expect, test } from 'vitest';
import { rawGlue } from '../support/raw-glue.ts';
import { blocksOf, DOCUMENTS } from './markdown.ts';
import { LIMIT, stepsOf, tryOut } from './steps.ts';

const tried = DOCUMENTS.filter((document) => stepsOf(blocksOf(document)).length > 0);

/** Raw glue is slower than the pages say, and refused by some. */
test.skipIf(rawGlue).each(tried)(
  'the commands and programs of %s print what the page shows',
  async (document) => {
    expect(await tryOut(blocksOf(document))).toEqual([]);
  },
  LIMIT + 30_000,
);
