/**
 * What an acknowledged write survives (https://sqlite.org/pragma.html#pragma_synchronous).
 *
 * - `power`: a power failure. Commits do not wait for the disk; the caller holds back every response behind a
 *   {@link DurabilityGate} until what it read or wrote is on disk.
 * - `process`: the end of the process, `kill -9` included, but not a power failure. Nothing waits.
 * - `strict`: a power failure, without a gate: each write returns after its own sync.
 */
export type Durability = 'power' | 'process' | 'strict';
