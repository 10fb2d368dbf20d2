import type { Guest } from '../guest.ts';
import { Pollable, type Waitable } from '../io/poll.ts';
import type { Implementation } from '../options.ts';
import { Signal } from '../signal.ts';

/** Longest delay of a timer, in milliseconds: Node fires longer ones at once. */
const MAX_DELAY: number = 2 ** 31 - 1;

/** `wasi:clocks/monotonic-clock`: nanoseconds from an arbitrary point in the past. */
export function monotonicClock(guest: Guest): Implementation {
  return {
    now: (): bigint => process.hrtime.bigint(),
    resolution: (): bigint => 1n,
    subscribeInstant(when: bigint): Pollable {
      guest.check();
      return new Pollable(timer(guest, when));
    },
    subscribeDuration(duration: bigint): Pollable {
      guest.check();
      return new Pollable(timer(guest, process.hrtime.bigint() + duration));
    },
  };
}

/** Ready from `deadline` on. Runs a timer of the event loop only while somebody waits for it. */
function timer(guest: Guest, deadline: bigint): Waitable {
  const changed = new Signal();
  let handle: NodeJS.Timeout | undefined;
  let forget: (() => void) | undefined;

  function arm(): void {
    const delay = Math.ceil(Number(deadline - process.hrtime.bigint()) / 1e6);
    handle = setTimeout(fire, Math.min(Math.max(delay, 0), MAX_DELAY));
    forget = guest.onRelease(release);
  }

  /** May be early, a clamped one by days: whoever waits looks again, and asks for `changed` again. */
  function fire(): void {
    release();
    changed.wake();
  }

  function release(): void {
    clearTimeout(handle);
    handle = undefined;
    forget?.();
  }

  return {
    guest,
    ready: () => process.hrtime.bigint() >= deadline,
    get changed() {
      if (handle === undefined) arm();
      return changed;
    },
    release,
  };
}
