/** Size in bytes from which on freeing is worth the call. */
export const FREED: number = 4096;

/**
 * Frees the memory of a chunk that is not read again and that only the caller references. The garbage collector lets tens of
 * megabytes of bodies pile up first, and the process keeps most of what malloc(3) once took for them.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  // Not if the buffer is larger than the chunk, or was transferred to another thread.
  if (byteLength < FREED || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
