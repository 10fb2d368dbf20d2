import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A control group with a memory limit. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  /** Words before a command that make it run inside. */
  readonly wrapper: readonly string[];
  /** The maximum of memory in use, in bytes, including the page cache. */
  peak(): number;
  /** The number of processes that the system killed because memory was exhausted. */
  killed(): number;
  /** All processes inside must have exited. */
  remove(): void;
}

const ROOT = '/sys/fs/cgroup';

/** Why it cannot be created on this machine; undefined if it can. */
export function noMemoryCgroups(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to make a control group';
  if (version() === undefined) return 'needs the memory controller of control groups, in version 1 or 2';
  return undefined;
}

export function createMemoryCgroup(bytes: number): MemoryCgroup {
  const found = version();
  if (found === undefined) throw new Error('no memory controller');
  if (found === 2) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+memory');
  const folder = join(found === 1 ? join(ROOT, 'memory') : ROOT, `wasmcp-node-${process.pid}-${Date.now()}`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  mkdirSync(folder);
  writeFileSync(join(folder, found === 1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
  // Without swap, as in containers.
  if (found === 2 && existsSync(join(folder, 'memory.swap.max')))
    writeFileSync(join(folder, 'memory.swap.max'), '0');
  return {
    version: found,
    wrapper: ['sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`, 'sh'],
    peak: () => Number(read(found === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak')),
    killed: () =>
      Number(/oom_kill (\d+)/.exec(read(found === 1 ? 'memory.oom_control' : 'memory.events'))![1]),
    remove: () => rmdirSync(folder),
  };
}

function version(): 1 | 2 | undefined {
  if (existsSync(join(ROOT, 'memory/memory.limit_in_bytes'))) return 1;
  const controllers = join(ROOT, 'cgroup.controllers');
  return existsSync(controllers) && readFileSync(controllers, 'utf8').split(/\s/).includes('memory')
    ? 2
    : undefined;
}
