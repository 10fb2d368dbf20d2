import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { describe, expect, test } from 'vitest';
import { checkComponent, type Transpile } from '../../scripts/jco-check.ts';
import { fixture } from '../support/command.ts';

const bytes = readFileSync(fixture('count-draft'));

/** The jco that is installed, whose glue is damaged. */
const damaged =
  (was: string | RegExp, becomes: string): Transpile =>
  async (component, options) => {
    const { files } = await transpileBytes(component, options);
    const glue = new TextDecoder().decode(files['component.js']);
    return { files: { ...files, 'component.js': new TextEncoder().encode(glue.replace(was, becomes)) } };
  };

test('the pinned jco gives lean glue', async () => {
  expect(await checkComponent(transpileBytes, bytes)).toBe('lean');
});

describe('a mismatch is shown with the lines around it', () => {
  test.each([
    ['of a host function', /\.manuallyAsync \?/, '.suspends ?', '.suspends ?'],
    ['of a task', 'const hostProvided = true;', 'const isHost = true;', 'const isHost = true;'],
    [
      'of a helper',
      'function rscTableRemove(table, handle)',
      'function rscTableRemove(table, handle, by)',
      'handle, by',
    ],
    ['of a statement', /^( {2}const \w+ = [^;{}()\n]+);$/m, '$1', ' = '],
  ])('%s', async (_, was, becomes, shown) => {
    const outcome = await checkComponent(damaged(was, becomes), bytes);
    const [reason, ...lines] = outcome.split('\n');
    expect(reason).toContain('not as expected');
    expect(lines.filter((line) => line.startsWith('>'))).toHaveLength(1);
    expect(lines.join('\n')).toContain(shown);
  });
});

/** Downloaded: `npm run test:all` names the version. */
const VERSION: string | undefined = process.env.JCO_TRANSPILE;

test.skipIf(VERSION === undefined)(
  'the command checks a version from the registry, fixture by fixture, and fails if one has a mismatch',
  async () => {
    const script = join(import.meta.dirname, '../../scripts/jco-check.ts');
    const outcome = await promisify(execFile)(process.execPath, [script, VERSION!]).then(
      ({ stdout }) => ({ stdout, code: 0 }),
      ({ stdout, code }: { stdout: string; code: number }) => ({ stdout, code }),
    );
    expect(outcome.stdout.match(/^[\w-]+\.wasm: /gm)?.length).toBeGreaterThan(10);
    expect(outcome.code).toBe(/\.wasm: (?!lean$)/m.test(outcome.stdout) ? 1 : 0);
  },
  300_000,
);
