import type { DescriptorShares } from './descriptors.ts';
import type { SystemLimits } from './system.ts';

/** Address space that V8 reserves for each memory, to avoid bounds checks. */
const RESERVED = 10 * 1024 ** 3;
/** Threads that Node itself starts. */
const NODE_THREADS = 12;

/** What the server is about to run. */
export interface Needs {
  readonly workers: number;
  /** Memories of one instance. */
  readonly memories: number;
  readonly connections: number;
  readonly shares: DescriptorShares;
}

/** A human-readable warning, with the remedy, for each system limit that is too low. */
export function limitWarnings(limits: SystemLimits, needs: Needs): string[] {
  const { files, processes, addressSpace } = limits;
  const { workers, memories, connections, shares } = needs;
  // Two instances at the start, one more while they are compared, in each worker and in one that replaces another.
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
