import type { Implementation } from '../options.ts';

/** A record `datetime` of `wasi:clocks/wall-clock`: time since 1970-01-01T00:00:00Z. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** `wasi:clocks/wall-clock`. */
export const wallClock: Implementation = {
  now(): Datetime {
    const milliseconds = Date.now();
    return {
      seconds: BigInt(Math.floor(milliseconds / 1000)),
      nanoseconds: (milliseconds % 1000) * 1_000_000,
    };
  },
  resolution: (): Datetime => ({ seconds: 0n, nanoseconds: 1_000_000 }),
};
