import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './command.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Chromium's path: the value of CHROMIUM, or the first one on the PATH. */
export const CHROMIUM: string | undefined = process.env.CHROMIUM ?? findOnPath();

function findOnPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/**
 * Opens a page without a window, in a profile of its own; every name below `.test` resolves to this machine. Resolves with
 * Chromium's output when it exits by itself; it is killed at the end of the test at the latest.
 */
export function browse(url: string, flags: readonly string[] = []): Promise<string> {
  const args = [
    '--headless=new',
    '--disable-gpu',
    // Containers have little shared memory.
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--no-first-run',
    '--host-resolver-rules=MAP *.test 127.0.0.1',
    `--user-data-dir=${temporaryFolder()}`,
    // Chromium's sandbox refuses to start as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...flags,
  ];
  const child = spawn(CHROMIUM!, [...args, url], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    const ended = child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined;
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // The whole group has ended by itself.
    }
    await ended;
  });
  return text(child.stdout);
}
