import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Durability } from '../../host/index.ts';
import { type ServedStore, serveStore } from './server.ts';

/** What fails: calls of one kind, on the files whose name ends so. */
export interface Fault {
  readonly call: 'sync' | 'write';
  readonly file: '-wal' | 'store.db';
  readonly error: 'EIO' | 'ENOSPC';
}

/** A server on a disk that fails when it is told to. */
export interface FaultyServer {
  readonly path: string;
  readonly server: ServedStore;
  begin(): void;
  end(): void;
  /** One request: its status and its body. */
  ask(path: string, body?: string): Promise<string>;
  /** Starts anew on a good disk. */
  restart(): Promise<FaultyServer>;
  destroy(): Promise<void>;
}

/** Whether faults can be had here: by a library that is preloaded, compiled on the spot. */
export function canFail(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export async function serveWithFault(fault: Fault, durability: Durability): Promise<FaultyServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-faults-'));
  const library = join(folder, 'faults.so');
  const when = join(folder, 'now');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'faults.c'), '-ldl']);
  const path = join(folder, 'store.db');
  const env = {
    LD_PRELOAD: library,
    FAULT_CALL: fault.call,
    FAULT_FILE: fault.file,
    FAULT_ERRNO: String(constants.errno[fault.error]),
    FAULT_WHEN: when,
  };
  const first = await serveStore({ path, durability, env });

  function wrap(server: ServedStore): FaultyServer {
    return {
      path,
      server,
      begin: () => writeFileSync(when, ''),
      end: () => rmSync(when, { force: true }),
      async ask(route, body = '') {
        const response = await fetch(server.url + route, { method: 'POST', body });
        return `${response.status} ${await response.text()}`.trimEnd();
      },
      async restart() {
        rmSync(when, { force: true });
        return wrap(await serveStore({ path, durability }));
      },
      async destroy() {
        server.child.kill('SIGKILL');
        await server.ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }

  return wrap(first);
}
