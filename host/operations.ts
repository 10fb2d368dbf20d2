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

/** Operations as a flat list, which costs a fraction to send to another thread: name, outcome, start and duration of each. */
export type SentOperations = (string | number | Operation)[];

/** The operations in a list that was sent. */
export function receivedOperations(sent: SentOperations): Operation[] {
  const list: Operation[] = [];
  for (let at = 0; at < sent.length; ) {
    const first = sent[at]!;
    if (typeof first === 'object') {
      list.push(first);
      at += 1;
      continue;
    }
    const [name, outcome, start, duration] = sent.slice(at, at + 4) as [string, string, number, number];
    list.push({ kind: 'store', name, outcome, start, duration });
    at += 4;
  }
  return list;
}

/** What continues a trace in the requests that a guest sends (W3C Trace Context). */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** Entries of the list that are kept before they are handed over: a guest must not fill memory with them. */
const BATCH = 400;

const ORIGIN = performance.timeOrigin;

/** Milliseconds since 1970, with fractions. */
export function wallClock(): number {
  return ORIGIN + performance.now();
}

/** Collects the operations of one guest, request after request. A class, as each instance has one. */
export class Operations {
  #list: SentOperations = [];
  #handOver: ((operations: SentOperations) => void) | undefined;

  /** A request begins. `handOver` gets what does not wait for the end of the request. */
  begin(handOver: (operations: SentOperations) => void): void {
    this.#list = [];
    this.#handOver = handOver;
  }

  /** A call of the store is over; `start` in milliseconds since 1970. */
  addStore(name: string, outcome: string, start: number, duration: number): void {
    this.#list.push(name, outcome, start, duration);
    this.#handOverIfMany();
  }

  add(operation: Operation): void {
    this.#list.push(operation);
    this.#handOverIfMany();
  }

  #handOverIfMany(): void {
    if (this.#list.length >= BATCH) this.#handOver?.(this.take());
  }

  /** What was not handed over yet. */
  take(): SentOperations {
    const taken = this.#list;
    this.#list = [];
    return taken;
  }
}
