import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

const ROOT: string = join(import.meta.dirname, '../..');

/** Commands with what they print, in the order of the document. */
function commands(): { readonly script: string; readonly printed: string }[] {
  const text = readFileSync(join(ROOT, 'docs/sessions.md'), 'utf8');
  const pairs = text.matchAll(/```sh\n((?:(?!```).)*)```\n\n```text\n((?:(?!```).)*)```/gs);
  return [...pairs].map(([, script, printed]) => ({ script: script!, printed: printed! }));
}

test('the commands of docs/sessions.md print what it says', async () => {
  const { url } = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', 'memory:']);
  const cwd = temporaryFolder();
  for (const name of ['bin', 'fixtures']) symlinkSync(join(ROOT, name), join(cwd, name));
  const steps = commands();
  expect(steps.length).toBeGreaterThan(4);
  // One shell for all, as later commands use what earlier ones found.
  const script = steps.map((step) => `${step.script}\nprintf '\\n--\\n'`).join('\n');
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-euo', 'pipefail', '-c', script.replaceAll('http://localhost:8080', url)],
    { cwd },
  );
  const printed = stdout
    .split('\n--\n')
    .map((text) => text.trim().replace(/^(Mcp-Session-Id): \S+$/m, '$1: …'));
  expect(printed.slice(0, -1)).toEqual(steps.map((step) => step.printed.trim()));
});
