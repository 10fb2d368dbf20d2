import { totalmem } from 'node:os';

/**
 * The fraction of the container's or machine's memory that guests and server may use. The rest is for allocations between two
 * measurements, and for the system.
 */
const PART = 0.75;

/** The default limit of the process's memory in bytes. */
export function defaultMemoryBudget(
  constrained: number = process.constrainedMemory(),
  machine: number = totalmem(),
): number {
  // Without a limit, the system reports nothing or a number above the machine's memory.
  const available = constrained > 0 && constrained < machine ? constrained : machine;
  return Math.floor(available * PART);
}
