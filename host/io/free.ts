/** Bytes from which on it is worth the call. */
const LARGE = 4096;

/**
 * Gives back the memory of a chunk that nobody will read again; whoever calls has it for himself. The garbage collector
 * lets tens of megabytes of bodies pile up first, and what malloc(3) once took for them the process mostly keeps.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  // A part of something larger, or what has moved to another thread, is not the chunk's own.
  if (byteLength < LARGE || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
