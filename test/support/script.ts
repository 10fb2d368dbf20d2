import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import type { Finished } from './command.ts';
import { outputOf } from './output.ts';

/** Runs a third-party script to its end; killed at the end of the test if it still runs. */
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
