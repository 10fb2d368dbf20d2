/** Two clocks of one machine, in milliseconds. */
export interface Clocks {
  /** Since 1970; whoever sets the clock makes it jump. */
  wall(): number;
  /** Since any moment; never jumps. */
  monotonic(): number;
}

/** Says whether the time of day can be trusted with a deletion. */
export interface ClockStability {
  /** To be called again and again: for how many milliseconds the clock has not been set. */
  look(): number;
}

/** Milliseconds that two clocks may drift apart from one look to the next. */
const DRIFT = 1000;

export const SYSTEM_CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/**
 * A machine can start with the wrong time, and learn the right one minutes later: by a clock that is a year ahead all
 * sessions have long expired. A machine that was asleep looks the same, which does no harm.
 */
export function createClockStability({ wall, monotonic }: Clocks): ClockStability {
  let since = monotonic();
  let offset = wall() - since;
  return {
    look() {
      const now = monotonic();
      const current = wall() - now;
      if (Math.abs(current - offset) > DRIFT) since = now;
      offset = current;
      return now - since;
    },
  };
}
