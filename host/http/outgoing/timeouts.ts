import type { HttpErrorCode } from '../../io/error.ts';
import type { RequestOptions } from '../request-options.ts';

/** Milliseconds that each phase of a request may take. */
export interface Timeouts {
  /** Name resolution, connection and TLS together. */
  readonly connect: number;
  /** From the first byte sent to the head of the response. */
  readonly firstByte: number;
  /** Between two chunks of the body of the response, while the guest is ready for more. */
  readonly betweenBytes: number;
}

/** Default in milliseconds, as in wasmtime. */
const DEFAULT_TIMEOUT = 600_000;
/** Node fires longer timers immediately. */
const LONGEST = 2 ** 31 - 1;

export function timeoutsOf(options: RequestOptions | undefined): Timeouts {
  return {
    connect: milliseconds(options?.connectTimeout()),
    firstByte: milliseconds(options?.firstByteTimeout()),
    betweenBytes: milliseconds(options?.betweenBytesTimeout()),
  };
}

/** From nanoseconds, rounded up. */
function milliseconds(nanoseconds: bigint | undefined): number {
  if (nanoseconds === undefined) return DEFAULT_TIMEOUT;
  const rounded = (nanoseconds + 999_999n) / 1_000_000n;
  return rounded > LONGEST ? LONGEST : Number(rounded);
}

/** The one timer of a request, for its current phase. */
export interface Deadline {
  start(milliseconds: number, code: HttpErrorCode): void;
  /** Restarts the timer if it is running. */
  refresh(): void;
  stop(): void;
}

export function createDeadline(expired: (code: HttpErrorCode) => void): Deadline {
  let timer: NodeJS.Timeout | undefined;
  return {
    start(milliseconds, code) {
      clearTimeout(timer);
      timer = setTimeout(expired, milliseconds, code);
    },
    refresh() {
      timer?.refresh();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
