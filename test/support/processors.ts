import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Whether threads can be kept off a processor here: Linux, a Node with `node:ffi`, and more than one processor. */
export const canStandAside: boolean =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  process.getBuiltinModule('module').builtinModules.includes('node:ffi');

/** Those that a thread of this process may run on, a bit for each: proc_pid_status(5). */
export function processorsOf(thread: number | string): bigint {
  const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
  return BigInt(`0x${/^Cpus_allowed:\s*(\S+)$/m.exec(status)![1]!.replaceAll(',', '')}`);
}

/** How many threads of this process may not run where the process itself may. */
export function threadsAside(): number {
  const all = processorsOf(process.pid);
  return readdirSync('/proc/self/task').filter((thread) => {
    try {
      return processorsOf(thread) !== all;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  }).length;
}
