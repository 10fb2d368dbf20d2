/** Two clocks of one machine, in milliseconds. */
export interface Clocks {
  /** Since 1970; jumps when the clock is set. */
  wall(): number;
  /** Since an arbitrary moment; never jumps. */
  monotonic(): number;
}

/** Whether deletions can rely on the time of day. */
export interface ClockStability {
  /** Returns for how many milliseconds the clock has not been set. To be called regularly. */
  sample(): number;
}

/** Milliseconds that the two clocks may drift apart between two samples. */
const DRIFT = 1000;

export const SYSTEM_CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/**
 * A machine can start with the wrong time and correct it minutes later: by a clock that is a year ahead, all sessions have
 * long expired. A machine that was suspended looks the same, which does no harm.
 */
export function createClockStability({ wall, monotonic }: Clocks): ClockStability {
  let since = monotonic();
  let offset = wall() - since;
  return {
    sample() {
      const now = monotonic();
      const current = wall() - now;
      if (Math.abs(current - offset) > DRIFT) since = now;
      offset = current;
      return now - since;
    },
  };
}
