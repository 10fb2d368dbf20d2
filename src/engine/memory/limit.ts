import { totalmem } from 'node:os';

/**
 * The part of the memory that a container, or the machine, has, that guests and server may take: what is above is for what
 * is taken between two measurements, and for the system.
 */
const PART = 0.75;

/** What the process may hold in bytes, unless an option says otherwise. */
export function defaultMemoryBudget(
  constrained: number = process.constrainedMemory(),
  machine: number = totalmem(),
): number {
  // Without a limit the system names none, or one that no machine has.
  const available = constrained > 0 && constrained < machine ? constrained : machine;
  return Math.floor(available * PART);
}
