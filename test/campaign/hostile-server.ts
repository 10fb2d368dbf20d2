import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT: string = join(import.meta.dirname, '../..');

/** `serve` with default flags and a folder for the guest. */
export interface HostileServer {
  readonly url: string;
  readonly alive: boolean;
  /** The end of its output on stderr, and the last lines of it. */
  readonly text: string;
  readonly lastWords: string;
  /** In bytes, now. */
  resident(): number;
  stop(): Promise<void>;
}

export interface HostileServerOptions {
  readonly component: string;
  /** The store and the folder for guests. */
  readonly folder: string;
  readonly args?: readonly string[];
  readonly wrapper?: readonly string[];
}

/** Rejects with the server's output if it does not start. */
export async function startHostileServer(options: HostileServerOptions): Promise<HostileServer> {
  const { component, folder, args = [], wrapper = [] } = options;
  const [command, ...words] = [...wrapper, process.execPath, join(ROOT, 'bin/wasmcp-node.js')];
  const store = `--store=sqlite:${join(folder, 'store.db')}`;
  const child: ChildProcess = spawn(
    command!,
    [...words, 'serve', component, '--addr=127.0.0.1:0', store, `--dir=${folder}/files::/`, ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let tail = '';
  const ended = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      tail = (tail + part).slice(-4000);
      const banner = /^Serving HTTP on (http:\S+)\/$/m.exec(tail);
      if (banner !== null) resolve(banner[1]!);
    });
    void ended.then(([status, signal]) => reject(new Error(`ended with ${status ?? signal}: ${tail}`)));
  });
  return {
    url,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    get text() {
      return tail;
    },
    get lastWords() {
      return tail.trim().split('\n').slice(-3).join(' / ');
    },
    resident: () => residentMemory(child.pid!),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** In bytes; 0 if the process has exited. */
function residentMemory(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
