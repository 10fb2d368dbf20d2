import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Output, outputOf } from './output.ts';

const ROOT: string = join(import.meta.dirname, '../..');
const COMMAND: string = join(ROOT, 'bin/wasmcp-node.js');

/** The path of a committed guest. */
export function fixture(name: string): string {
  return join(ROOT, 'fixtures', `${name}.wasm`);
}

/** An empty folder that is removed at the end of the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string | Uint8Array;
  /** Keeps the warning about raw glue on stderr even when all tests run with raw glue. */
  readonly wholeOutput?: boolean;
}

interface Running {
  readonly child: ChildProcess;
  readonly text: Output;
  readonly finished: Promise<Finished>;
}

let home: string | undefined;

/** Where commands run that are given no folder: what they leave there, such as a store, belongs to these tests. */
function ownFolder(): string {
  if (home === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    home = folder;
  }
  return home;
}

function launch(args: readonly string[], options: RunOptions): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: options.cwd ?? ownFolder(),
    env: { ...process.env, ...options.env },
  });
  const text = outputOf(child, options.wholeOutput);
  // A command that refuses its arguments exits before it reads.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const finished = once(child, 'close').then(([status]) => ({ status, ...text }));
  return { child, text, finished };
}

/** Runs the command to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return launch(args, options).finished;
}

export interface ServeProcess {
  /** Without a trailing slash. */
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  readonly text: Output;
  /** Waits until stderr matches. */
  told(pattern: RegExp): Promise<void>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `serve`, on a free port unless `args` has an address, and waits for its banner; killed with the test if it still runs then. */
export async function serve(
  component: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<ServeProcess> {
  const addr = args.includes('--addr') ? [] : ['--addr', '127.0.0.1:0'];
  const { child, text, finished } = launch(['serve', component, ...addr, ...args], options);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.on('data', () => {
      const banner = /^Serving HTTP on (https?:\S+(?=\/$)|unix:.+$)/m.exec(text.stderr);
      if (banner !== null) resolve(banner[1]!);
    });
    finished.then((end) => reject(new Error(`serve ended with ${end.status}: ${end.stderr}`)));
  });
  return {
    url,
    pid: child.pid!,
    child,
    text,
    finished,
    kill: (signal) => child.kill(signal),
    async told(pattern) {
      const ended = finished.then((end) => {
        if (!pattern.test(end.stderr)) throw new Error(`ended without saying so: ${JSON.stringify(end)}`);
      });
      while (!pattern.test(text.stderr)) await Promise.race([once(child.stderr!, 'data'), ended]);
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return finished;
    },
  };
}
