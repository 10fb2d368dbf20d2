import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Finished } from './command.ts';
import { type Output, outputOf } from './output.ts';

const COMMAND: string = join(import.meta.dirname, '../../bin/wasmcp-node.js');

/** The running command, with its input still open; killed at the end of the test if it still runs. */
export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly text: Output;
  readonly finished: Promise<Finished>;
  /** Waits until stdout or stderr contains this text. */
  said(text: string, stream?: 'stdout' | 'stderr'): Promise<void>;
}

export function program(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Program {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  // Writes after the end fail; the exit status shows the reason.
  child.stdin.on('error', () => {});
  const text = outputOf(child);
  const finished = once(child, 'close').then(([status]) => ({ status: status as number | null, ...text }));
  return {
    child,
    text,
    finished,
    async said(wanted, stream = 'stdout') {
      const ended = finished.then((end) => {
        if (!end[stream].includes(wanted)) throw new Error(`ended without saying so: ${JSON.stringify(end)}`);
      });
      while (!text[stream].includes(wanted)) await Promise.race([once(child[stream], 'data'), ended]);
    },
  };
}
