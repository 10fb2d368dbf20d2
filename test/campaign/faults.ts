import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Durability } from '../../host/index.ts';
import { type ServedStore, type ServeSettings, serveStore } from './server.ts';

/** What fails: calls of one kind, on files whose names end with a suffix; or by how many seconds the wall clock is wrong. */
export type Fault =
  | {
      readonly call: 'sync' | 'write';
      readonly file: '-wal' | 'store.db';
      readonly error: 'EIO' | 'ENOSPC' | 'EROFS';
    }
  | { readonly call: 'clock'; readonly shift: number };

export type FaultSettings = Partial<
  Pick<ServeSettings, 'durability' | 'component' | 'wrapper' | 'workers'>
> & {
  readonly fault?: Fault;
};

/** A server on a machine that fails on demand. */
export interface FaultyServer {
  /** The store, in a folder that contains nothing else. */
  readonly path: string;
  readonly server: ServedStore;
  begin(): void;
  end(): void;
  /** Sends one request and returns the status and the body. */
  ask(path: string, body?: string): Promise<string>;
  /** Starts again without faults. */
  restart(): Promise<FaultyServer>;
  /** Ends the servers of this store and removes the store. */
  destroy(): Promise<void>;
}

/** Whether faults can be injected on this machine: by a preloaded library, which is compiled for the test. */
export function canFail(): boolean {
  return process.platform === 'linux' && runs('cc', ['--version']);
}

/** Words before a command that make permissions apply to it, which they do not for root; undefined if that is impossible. */
export function withoutPrivileges(): readonly string[] | undefined {
  if (process.platform === 'win32') return undefined;
  if (process.getuid?.() !== 0) return [];
  const wrapper = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
  return runs('setpriv', [...wrapper.slice(1), 'true']) ? wrapper : undefined;
}

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export async function serveWithFault({ fault, ...settings }: FaultSettings): Promise<FaultyServer> {
  const home = mkdtempSync(join(tmpdir(), 'wasmcp-node-faults-'));
  const folder = join(home, 'store');
  mkdirSync(folder);
  const path = join(folder, 'store.db');
  const when = join(home, 'now');
  const healthy = { path, durability: 'power' as Durability, workers: 1, ...settings };
  const servers: ServedStore[] = [];

  async function start(more: Partial<ServeSettings> = {}): Promise<FaultyServer> {
    const server = await serveStore({ ...healthy, ...more });
    servers.push(server);
    return {
      path,
      server,
      begin: () => writeFileSync(when, ''),
      end: () => rmSync(when, { force: true }),
      async ask(route, body = '') {
        const response = await fetch(server.url + route, { method: 'POST', body });
        return `${response.status} ${await response.text()}`.trimEnd();
      },
      restart: () => start(),
      async destroy() {
        for (const { child, ended } of servers) {
          child.kill('SIGKILL');
          await ended;
        }
        chmodSync(folder, 0o700);
        rmSync(home, { recursive: true });
      },
    };
  }

  return start(fault === undefined ? {} : { env: preload(fault, home, when) });
}

/** The environment of a program that is affected by the fault while the file `when` exists. */
function preload(fault: Fault, home: string, when: string): Record<string, string> {
  const library = join(home, 'faults.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'faults.c'), '-ldl']);
  const common = { LD_PRELOAD: library, FAULT_CALL: fault.call, FAULT_WHEN: when };
  if (fault.call === 'clock') return { ...common, FAULT_SHIFT: String(fault.shift) };
  return { ...common, FAULT_FILE: fault.file, FAULT_ERRNO: String(constants.errno[fault.error]) };
}
