import type { GuestFailure } from '../protocol/messages.ts';

/** For a guest that was trapped because it had used all its fuel. */
export function outOfFuel(fuel: number): GuestFailure {
  return { code: 'guest-trapped', message: `the guest used up its fuel of ${fuel} units (--fuel)` };
}

/** For a guest that was trapped because it had used too much processor time. */
export function outOfCpu(milliseconds: number): GuestFailure {
  return {
    code: 'guest-timeout',
    message: `the guest used more than ${milliseconds} ms of processor time (--cpu-limit)`,
  };
}

/** Of a guest that was trapped because it had kept its thread from all others. */
export function heldTooLong(milliseconds: number): GuestFailure {
  return {
    code: 'guest-timeout',
    message: `the guest computed for more than ${Math.round(milliseconds)} ms where it cannot be suspended`,
  };
}
