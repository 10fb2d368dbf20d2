import { readFileSync } from 'node:fs';

/** The system's limits for this process: `ulimit -n`, `-u` and `-v`. Infinity if there is no limit, or it is unknown. */
export interface SystemLimits {
  readonly files: number;
  readonly processes: number;
  /** In bytes. */
  readonly addressSpace: number;
}

/** Reads proc_pid_limits(5), which only Linux has. */
export function systemLimits(path = '/proc/self/limits'): SystemLimits {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // On other systems Node has raised the limit on files as far as possible.
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
