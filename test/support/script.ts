import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import type { Finished } from './command.ts';
import { outputOf } from './output.ts';

/** Runs a script of somebody else's to its end; killed with the test if it still runs then. */
export async function runScript(path: string, args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [path, ...args], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = outputOf(child);
  const [status] = await once(child, 'close');
  return { status, ...text };
}
