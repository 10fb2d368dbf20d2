/** How long guests may take, in milliseconds. */
export interface TimeLimits {
  /** From the arrival of a request's head and body to the head of its response, and from its end until the guest returns. */
  readonly timeout: number;
  /** Without progress of a response that has begun. */
  readonly streamIdle: number;
}

/** What a guest may use for one request. */
export interface GuestLimits extends TimeLimits {
  /** Milliseconds of processor time. */
  readonly cpu?: number | undefined;
  /** Units of the code that it executes, see `src/metering`. */
  readonly fuel?: number | undefined;
  /** Whether guests' use is reported, which costs a little. */
  readonly measured?: boolean;
}

/** The progress of a response: not begun, begun, or over, when nothing more of it will be delivered for any reason. */
export type Phase = 'waiting' | 'streaming' | 'over';

/** The time for this phase. */
export function limitOf(phase: Phase, { timeout, streamIdle }: TimeLimits): number {
  return phase === 'streaming' ? streamIdle : timeout;
}

/** Why a guest was ended in this phase. */
export function overdueMessage(phase: Phase, limits: TimeLimits): string {
  const limit = `${limitOf(phase, limits)} ms`;
  if (phase === 'waiting') return `the guest did not respond within ${limit}`;
  if (phase === 'streaming') return `the response made no progress within ${limit}`;
  return `the guest did not return within ${limit} after its response ended`;
}
