import type { DescriptorShares } from './descriptors.ts';
import type { SystemLimits } from './system.ts';

/** Address space that V8 reserves for each memory, so that it need not check each access. */
const RESERVED = 10 * 1024 ** 3;
/** Threads of Node's own. */
const NODE_THREADS = 12;

/** What is to be run. */
export interface Needs {
  readonly workers: number;
  /** Memories of one instance. */
  readonly memories: number;
  readonly connections: number;
  readonly shares: DescriptorShares;
}

/** For people: each limit of the system that is too small for it, and what to do. */
export function limitWarnings(limits: SystemLimits, needs: Needs): string[] {
  const { files, processes, addressSpace } = limits;
  const { workers, memories, connections, shares } = needs;
  // Two instances at the start, one more while they are compared, in each worker and the one that stands by.
  const reserved = (workers + 1) * 3 * Math.max(1, memories) * RESERVED;
  const threads = NODE_THREADS + workers + 1;
  const found: string[] = [];
  if (files < shares.needed)
    found.push(
      `this process may open ${files} files (ulimit -n): ${shares.connections} of ${connections} clients can connect, and guests can open ${shares.guests} files and connections, ${shares.guest} each; raise the limit to ${shares.needed}`,
    );
  if (addressSpace < reserved)
    found.push(
      `the address space is limited to ${gibibytes(addressSpace)} GiB (ulimit -v): each memory of a guest reserves ${gibibytes(RESERVED)} GiB of it, although it uses little, and some ${gibibytes(reserved)} GiB are needed; use ulimit -v unlimited, and --memory-budget for what is used`,
    );
  if (processes < threads)
    found.push(
      `this user may have ${processes} processes and threads (ulimit -u): ${threads} are needed for ${workers} workers; raise the limit, or use fewer --workers`,
    );
  return found;
}

function gibibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 3);
}
