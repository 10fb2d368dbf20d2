import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** Where a process is, and what no other process there has: its number and when it began. */
interface Identity {
  /** Stands for one run of one system, and for the numbers of processes that are visible there. */
  readonly system: string;
  readonly pid: string;
  readonly began: string;
}

/**
 * A new id of a holder. On Linux it names this process, so that others on this machine know when the process has ended, long
 * before its life as a holder is over.
 */
export function newHolderId(): string {
  const random = randomUUID().slice(0, 18);
  const system = currentSystem();
  const began = system && beganAt(String(process.pid));
  return began ? `${random}.${system}.${process.pid}.${began}` : random;
}

/** Whether the process of this holder has certainly ended; false for one on another machine, or in another container. */
export function hasEnded(holder: string): boolean {
  const identity = identityOf(holder);
  if (identity === undefined || identity.system !== currentSystem()) return false;
  return beganAt(identity.pid) !== identity.began;
}

function identityOf(holder: string): Identity | undefined {
  const [, system, pid, began] = holder.split('.');
  if (system === undefined || pid === undefined || began === undefined) return undefined;
  return { system, pid, began };
}

function currentSystem(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return createHash('sha256')
      .update(boot + readlinkSync('/proc/self/ns/pid'))
      .digest('hex')
      .slice(0, 12);
  } catch {
    return undefined;
  }
}

/** When a process began (proc_pid_stat(5), field 22); undefined if there is none of this number, or it has ended. */
function beganAt(pid: string): string | undefined {
  if (!/^\d{1,10}$/.test(pid)) return undefined;
  try {
    // The second field, a name in parentheses, may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
