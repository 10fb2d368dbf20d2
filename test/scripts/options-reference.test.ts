import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { optionsReference } from '../../scripts/options-reference.ts';
import { describeCommands } from '../../src/cli.ts';

test('docs/options.md is what `npm run docs:options` generates', async () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/options.md'), 'utf8');
  expect(written).toBe(optionsReference(await describeCommands()));
});
