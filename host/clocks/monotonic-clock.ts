import type { Guest } from '../guest.ts';
import { Pollable, Timer } from '../io/poll.ts';
import type { Implementation } from '../options.ts';

/** `wasi:clocks/monotonic-clock`: nanoseconds from an arbitrary point in the past. */
export function monotonicClock(guest: Guest): Implementation {
  return {
    now: (): bigint => process.hrtime.bigint(),
    resolution: (): bigint => 1n,
    subscribeInstant(when: bigint): Pollable {
      guest.check();
      return new Pollable(new Timer(guest, when));
    },
    subscribeDuration(duration: bigint): Pollable {
      guest.check();
      return new Pollable(new Timer(guest, process.hrtime.bigint() + duration));
    },
  };
}
