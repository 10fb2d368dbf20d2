/**
 * Calls back when no microtask is left, before anything else happens. Node runs what is passed to `nextTick` after all microtasks,
 * but a tick that is added by another tick before them.
 */
export function afterMicrotasks(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback));
}
