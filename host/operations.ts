/** One call of a guest to its store, or one request that it sent. */
export interface Operation {
  readonly kind: 'store' | 'http';
  /** Of a store: `get`, `set`, …; of a request: its method. */
  readonly name: string;
  /** `ok`, `changed` for a swap that came too late, the code of a `WasmcpError`, or an `error-code` of wasi:http. */
  readonly outcome: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Where a request went: scheme, host and port. */
  readonly origin?: string;
  /** The status of the response to a request. */
  readonly status?: number;
}

/** What continues a trace in the requests that a guest sends (W3C Trace Context). */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** Operations that are kept before they are handed over: a guest must not fill memory with them. */
const BATCH = 100;

/** Milliseconds since 1970, with fractions. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** Collects the operations of one guest, request after request. A class, as each instance has one. */
export class Operations {
  #list: Operation[] = [];
  #handOver: ((operations: Operation[]) => void) | undefined;

  /** A request begins. `handOver` gets what does not wait for the end of the request. */
  begin(handOver: (operations: Operation[]) => void): void {
    this.#list = [];
    this.#handOver = handOver;
  }

  add(operation: Operation): void {
    this.#list.push(operation);
    if (this.#list.length < BATCH) return;
    this.#handOver?.(this.take());
  }

  /** What was not handed over yet. */
  take(): Operation[] {
    const taken = this.#list;
    this.#list = [];
    return taken;
  }
}
