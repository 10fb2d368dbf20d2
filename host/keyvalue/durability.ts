/**
 * What an acknowledged write survives.
 *
 * - `power`: everything, a power cut included. Commits do not wait for the disk; whoever hands out what was read or
 *   written holds it back behind an {@link DurabilityGate} until it is there.
 * - `process`: the end of the process, `kill -9` included, but not a power cut. Nothing waits.
 * - `strict`: everything, without a gate: each write returns after a sync of its own.
 */
export type Durability = 'power' | 'process' | 'strict';
