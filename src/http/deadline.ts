/** Calls `expired` once, when its time has passed without a restart. */
export interface Deadline {
  /** The time starts again, with another limit if one is given. */
  restart(limit?: number): void;
  /** `expired` will not be called. */
  cancel(): void;
}

/** `limit` is in milliseconds from `start`, and may have passed already; `expired` is not called before this returns. */
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
      // A timer that fires too early checks the clock: much cheaper than a new timer for each restart.
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
