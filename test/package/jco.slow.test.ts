import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Block, blocksOf } from '../docs/markdown.ts';
import { tryOut } from '../docs/steps.ts';
import { fixture } from '../support/command.ts';
import { createProject, type Project, pack } from './project.ts';

/** Too heavy to be installed for everyone: `npm run test:all` names the version and fetches it. */
const VERSION: string | undefined = process.env.JCO;

const PAGE: readonly Block[] = blocksOf('docs/jco.md');

/** The page as a reader of the other draft adapts it. */
function forDraft(draft: string): Block[] {
  return PAGE.map((block) => ({
    ...block,
    words: block.words[0] === 'skip' ? [] : block.words,
    text: block.text
      .replaceAll('0.2.0-draft=wasmcp-node/keyvalue/draft#', `0.2.0-${draft}=wasmcp-node/keyvalue/${draft}#`)
      .replace('keyvalue({ store })', `keyvalue({ store, draft: '0.2.0-${draft}' })`)
      // Without the pinned version of the page: the one that this run is about.
      .replace(/jco@[\d.]+/, `jco@${VERSION}`),
  }));
}

describe.skipIf(VERSION === undefined)('the published jco command and preview2-shim', () => {
  let builder: Project;
  let tarball: string;

  beforeAll(async () => {
    builder = createProject();
    tarball = await pack(builder);
  }, 120_000);
  afterAll(() => builder.remove());

  test.each(['draft', 'draft2'])(
    'count across runs of plain node with %s, by --map and by an import object',
    async (draft) => {
      const project = createProject();
      try {
        expect(await project.npm('install', tarball)).toMatchObject({ status: 0 });
        copyFileSync(fixture(`count-${draft}`), join(project.folder, 'counter.wasm'));
        expect(await tryOut(forDraft(draft), project)).toEqual([]);
      } finally {
        project.remove();
      }
    },
    300_000,
  );
});
