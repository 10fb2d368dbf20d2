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

/** What guests call of a store. */
export type StoreCall =
  | 'get'
  | 'exists'
  | 'set'
  | 'delete'
  | 'list-keys'
  | 'get-many'
  | 'set-many'
  | 'delete-many'
  | 'increment'
  | 'read'
  | 'swap';

/** Their places are the numbers under which they are sent. */
const CALLS: readonly StoreCall[] = [
  ...(['get', 'exists', 'set', 'delete', 'list-keys', 'get-many', 'set-many', 'delete-many'] as const),
  ...(['increment', 'read', 'swap'] as const),
];

/** Outcomes that are sent as numbers; the others are rare. */
const OUTCOMES: readonly string[] = ['ok', 'changed'];

/**
 * Operations as a flat list of numbers, which costs a fraction of objects to send to another thread: call, outcome, start and
 * duration of each. What does not fit is an object of its own.
 */
export type SentOperations = (number | Operation)[];

/** What reads the operations in a list that was sent, without an object for each. */
export type OperationReader = (
  kind: Operation['kind'],
  name: string,
  outcome: string,
  duration: number,
  status?: number,
) => void;

/** `from`: where the operations begin in the list. */
export function readOperations(sent: SentOperations, read: OperationReader, from: number = 0): void {
  for (let at = from; at < sent.length; at += 1) {
    const first = sent[at]!;
    if (typeof first === 'object') {
      read(first.kind, first.name, first.outcome, first.duration, first.status);
    } else {
      read('store', CALLS[first]!, OUTCOMES[sent[at + 1] as number]!, sent[at + 3] as number);
      at += 3;
    }
  }
}

/** The operations in a list that was sent. */
export function receivedOperations(sent: SentOperations, from: number = 0): Operation[] {
  const list: Operation[] = [];
  for (let at = from; at < sent.length; at += 1) {
    const first = sent[at]!;
    if (typeof first === 'object') {
      list.push(first);
      continue;
    }
    const [outcome, start, duration] = [sent[at + 1], sent[at + 2], sent[at + 3]] as [number, number, number];
    list.push({ kind: 'store', name: CALLS[first]!, outcome: OUTCOMES[outcome]!, start, duration });
    at += 3;
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
  addStore(name: StoreCall, outcome: string, start: number, duration: number): void {
    const known = OUTCOMES.indexOf(outcome);
    if (known >= 0) this.#list.push(CALLS.indexOf(name), known, start, duration);
    else this.#list.push({ kind: 'store', name, outcome, start, duration });
    this.#handOverIfMany();
  }

  add(operation: Operation): void {
    this.#list.push(operation);
    this.#handOverIfMany();
  }

  #handOverIfMany(): void {
    if (this.#list.length < BATCH) return;
    const list = this.#list;
    this.#list = [];
    this.#handOver?.(list);
  }

  /** Adds to `list` what was not handed over yet. */
  moveTo(list: SentOperations): void {
    for (const each of this.#list) list.push(each);
    this.#list = [];
  }
}
