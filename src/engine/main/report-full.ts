/**
 * Logs once that the store's disk is full, and once that it has room again, however many workers notice it.
 * Each of them calls the returned function.
 */
export function reportFull(log: (level: string, message: string) => void): (isFull: boolean) => void {
  let known = false;
  return (isFull) => {
    if (isFull === known) return;
    known = isFull;
    if (isFull)
      log('error', 'the store is full: free some space on its disk; until then only reads and deletes work');
    else log('info', 'the store has room again');
  };
}
