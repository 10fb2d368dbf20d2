import { readFileSync } from 'node:fs';

/** What the system lets this process have: `ulimit -n`, `-u` and `-v`. Infinity where there is no limit, or none is known. */
export interface SystemLimits {
  readonly files: number;
  readonly processes: number;
  /** In bytes. */
  readonly addressSpace: number;
}

/** By proc_pid_limits(5), which is Linux's. */
export function systemLimits(path = '/proc/self/limits'): SystemLimits {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Elsewhere Node has raised the limit of files as far as it may.
  }
  const soft = (name: string): number => {
    const found = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(text);
    return found === null ? Number.POSITIVE_INFINITY : Number(found[1]);
  };
  return {
    files: soft('Max open files'),
    processes: soft('Max processes'),
    addressSpace: soft('Max address space'),
  };
}
