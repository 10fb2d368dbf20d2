import type { HttpErrorCode } from '../../io/error.ts';
import type { RequestOptions } from '../request-options.ts';

/** Milliseconds that each part of a request may take. */
export interface Timeouts {
  /** Name, connection and TLS together. */
  readonly connect: number;
  /** From the first byte sent to the head of the response. */
  readonly firstByte: number;
  /** Silence within the body of the response, while the guest is ready for more. */
  readonly betweenBytes: number;
}

/** What a guest that does not choose gets, as on wasmtime. */
const UNCHOSEN = 600_000;
/** Longer timers of Node fire at once. */
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
  if (nanoseconds === undefined) return UNCHOSEN;
  const rounded = (nanoseconds + 999_999n) / 1_000_000n;
  return rounded > LONGEST ? LONGEST : Number(rounded);
}

/** One timer that changes its meaning as a request goes on. */
export interface Watch {
  start(milliseconds: number, code: HttpErrorCode): void;
  /** Begins anew, if it runs. */
  refresh(): void;
  stop(): void;
}

export function createWatch(expired: (code: HttpErrorCode) => void): Watch {
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
