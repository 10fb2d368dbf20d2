import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');

/** Runs the command with this standard output, or one whose reader has gone. */
async function printTo(
  output: number | 'nobody',
  args: readonly string[],
  cwd: string,
): Promise<readonly [status: number | null, stderr: string]> {
  const stdout = output === 'nobody' ? 'pipe' : output;
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd, stdio: ['ignore', stdout, 'pipe'] });
  child.stdout?.destroy();
  const [[status], said] = await Promise.all([once(child, 'close'), text(child.stderr!)]);
  return [status, said];
}

async function folderWithStore(): Promise<string> {
  const cwd = temporaryFolder();
  await run(['exec', fixture('notes-draft'), '--store', 'sqlite:s.db', '--', process.execPath, '-e', ''], {
    cwd,
  });
  await run(['kv', 'set', '--store', 'sqlite:s.db', 'default', 'key', 'value'], { cwd });
  return cwd;
}

const LINES = [
  ['--help'],
  ['--version'],
  ['inspect', fixture('notes-draft')],
  ['store', 'info', '--store', 'sqlite:s.db'],
  ['kv', 'export', '--store', 'sqlite:s.db'],
  ['kv', 'get', '--store', 'sqlite:s.db', 'default', 'key'],
];

describe('what a command prints', () => {
  test('may be left unread', async () => {
    const cwd = await folderWithStore();
    for (const line of LINES) expect([line, ...(await printTo('nobody', line, cwd))]).toEqual([line, 0, '']);
  });

  test.runIf(existsSync('/dev/full'))('causes an error and status 1 if there is no room for it', async () => {
    const cwd = await folderWithStore();
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    for (const line of LINES) {
      const [status, said] = await printTo(full, line, cwd);
      expect([line, status, said]).toEqual([
        line,
        1,
        'error: the output is incomplete: ENOSPC: no space left on device, write\n',
      ]);
    }
  });
});
