import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { outputOf } from './output.ts';

/** The binary to compare with, which this project does not include: WASMTIME=/path/to/wasmtime npx vitest run … */
export const WASMTIME: string | undefined = process.env.WASMTIME;

export interface Wasmtime {
  readonly child: ChildProcess;
  readonly text: { readonly stdout: string; readonly stderr: string };
  /** Without a trailing slash. */
  readonly url: string;
  readonly finished: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs `wasmtime` with these arguments until it prints its address; killed at the end of the test. */
export async function startWasmtime(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Wasmtime> {
  const child = spawn(WASMTIME!, args, {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = outputOf(child);
  const finished = once(child, 'close').then(([status, signal]) => ({ status, signal }));
  const ended = finished.then(({ status }) =>
    Promise.reject(new Error(`ended with ${status}: ${text.stderr}`)),
  );
  ended.catch(() => {});
  while (!BANNER.test(text.stderr)) await Promise.race([once(child.stderr, 'data'), ended]);
  return { child, text, finished, url: BANNER.exec(text.stderr)![1]! };
}

/** What both print once they serve. */
export const BANNER: RegExp = /^Serving HTTP on (http:\/\/\S+:\d+)\/$/m;
/** What both print for `--shutdown-addr`. */
export const SHUTDOWN: RegExp = /^Listening for shutdown on tcp:\/\/127\.0\.0\.1:(\d+)\/$/m;

/** Connects to the address in `stderr`. */
export async function shutDown(stderr: string): Promise<void> {
  const socket = connect(Number(SHUTDOWN.exec(stderr)![1]), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'close');
}
