/** Calls `expired` once, when its time has passed without anything that moved. */
export interface Deadline {
  /** Something moved: the time starts anew, with another limit if there is one. */
  restart(limit?: number): void;
  /** For good. */
  cancel(): void;
}

/** `limit` is in milliseconds, from `start` on, which may be over; `expired` is not called before this returns. */
export function createDeadline(start: number, limit: number, expired: () => void): Deadline {
  let due = start + limit;
  let fires = due;
  let timer = setTimeout(check, Math.max(0, Math.ceil(due - performance.now())));
  let cancelled = false;

  function check(): void {
    const left = due - performance.now();
    if (left <= 0) expired();
    else set(left);
  }

  function set(left: number): void {
    fires = due;
    timer = setTimeout(check, Math.ceil(left));
  }

  return {
    restart(next = limit) {
      if (cancelled) return;
      limit = next;
      due = performance.now() + limit;
      // A timer that fires too early looks at the clock then: much cheaper than a new one each time.
      if (due >= fires) return;
      clearTimeout(timer);
      set(limit);
    },
    cancel() {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}
