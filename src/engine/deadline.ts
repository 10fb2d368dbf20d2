import type { Exchange } from './exchange.ts';

/** Limits on the time of one guest, in milliseconds. */
export interface TimeLimits {
  /** Until the response's head is there, and again from the response's end until the guest is done. */
  readonly timeout: number;
  /** Longest silence of a response that has begun. */
  readonly streamIdle: number;
}

/** Watches one exchange: calls `expired` once when a limit has passed without progress. */
export interface Deadline {
  /** Something moved. Cheap: the timer looks at the clock when it fires. */
  touch(): void;
  cancel(): void;
}

export function createDeadline(
  exchange: Pick<Exchange, 'answered'>,
  limits: TimeLimits,
  expired: () => void,
): Deadline {
  const started = performance.now();
  let moved = started;
  let timer = setTimeout(check, limits.timeout);

  function check(): void {
    const since = exchange.answered ? moved : started;
    const limit = exchange.answered ? limits.streamIdle : limits.timeout;
    const left = since + limit - performance.now();
    if (left <= 0) expired();
    else timer = setTimeout(check, Math.ceil(left));
  }

  return {
    touch() {
      moved = performance.now();
    },
    cancel: () => clearTimeout(timer),
  };
}
