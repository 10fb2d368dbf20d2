/** Calls `expired` once, when its time has passed without anything that moved. */
export interface Deadline {
  /** Something moved: the time starts anew, with another limit if there is one. */
  restart(limit?: number): void;
  /** For good. */
  cancel(): void;
}

/** `limit` is in milliseconds. */
export function createDeadline(limit: number, expired: () => void): Deadline {
  let moved = performance.now();
  let timer = setTimeout(check, limit);
  let cancelled = false;

  function check(): void {
    const left = moved + limit - performance.now();
    if (left <= 0) expired();
    else timer = setTimeout(check, Math.ceil(left));
  }

  return {
    restart(next = limit) {
      moved = performance.now();
      if (cancelled) return;
      // With the same limit the timer looks at the clock when it fires: much cheaper than a new one for each chunk.
      if (next === limit) return;
      limit = next;
      clearTimeout(timer);
      timer = setTimeout(check, limit);
    },
    cancel() {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}
