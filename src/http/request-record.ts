import {
  type Operation,
  readOperations,
  receivedOperations,
  type SentOperations,
  type TraceHeaders,
} from '../../host/index.ts';

/** What a client's message says of itself, as far as it is known. Texts are the client's: they may contain anything. */
export interface McpFacts {
  readonly method: string | undefined;
  /** Of the tool, prompt or resource that the message names. */
  readonly target: string | undefined;
  /** Of the specification, as the client asks for it. */
  readonly protocolVersion: string | undefined;
  /** `params._meta` as the client sent it: where a trace is continued. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** The id of a JSON-RPC request. */
  readonly requestId: string | undefined;
}

/** What a record reports to. Each method must return, whatever happens. */
export interface RequestListeners {
  /** The head has arrived. */
  began(record: RequestRecord): void;
  /** The message of an MCP client was read, and goes to a guest next. */
  message(record: RequestRecord): void;
  /** A guest has used its store, or has sent requests: what follows `from` in the list. */
  operations(sent: SentOperations, from: number): void;
  /** The response is over. Guests may continue to work. */
  answered(record: RequestRecord): void;
  /** Nothing works on it any more: the record is complete. */
  ended(record: RequestRecord): void;
}

/** One time that a guest worked on a request: when, by `performance.now()`, and for how many milliseconds. */
export interface GuestRun {
  readonly start: number;
  readonly duration: number;
}

/** Characters of a session's id that are shown: enough to find it, too few to use it. */
const SHOWN = 8;

/**
 * What is known of one request; made only while somebody observes requests. Each stage adds what it knows by the methods;
 * observers read the fields, and keep what they need, not the record.
 */
export class RequestRecord {
  /** Counts the requests that this process has observed. */
  readonly id: number;
  readonly method: string;
  /** Without its query, which may contain secrets. The client's text: it may contain anything. */
  readonly path: string;
  /** When its head had arrived, by `performance.now()`. */
  readonly start: number;
  /** Of the request, as Node has them: flat, latin1. Not to be logged. */
  readonly headers: readonly string[];
  /** 0 until the response begins, and for clients that left before. */
  status = 0;
  /** Bytes of the bodies. */
  bytesIn = 0;
  bytesOut = 0;
  mcp: McpFacts | undefined;
  /** The names of the tools that its response lists. */
  tools: readonly string[] | undefined;
  /** The beginning of the session's id. */
  session: string | undefined;
  /** Its response names a session that the request did not. */
  isNewSession = false;
  /**
   * Why it failed: the code of a `WasmcpError`, the code of a JSON-RPC error, `tool_error` for a tool that reports an error of
   * its own, `aborted` for a client that left; undefined if it did not fail.
   */
  error: string | undefined;
  /** Milliseconds for which it waited for its session or a worker. */
  queue = 0;
  /** Milliseconds for which guests worked on it, the store's time included. */
  ran = 0;
  /** When guests worked on it. The first ones: the edge needs a few. */
  readonly runs: GuestRun[] = [];
  /** Milliseconds for which its guests waited for the store. */
  store = 0;
  /** Milliseconds for which parts of its response waited until the store's log was on disk. */
  gate = 0;
  /** Milliseconds until its response was over, streams included. */
  total = 0;
  /** Milliseconds of processor time of its guests. */
  cpu = 0;
  /** What outgoing requests of its guests carry; set by an observer that follows the trace. */
  trace: TraceHeaders | undefined;
  readonly #listeners: RequestListeners;
  /** The response and the guests that are not over yet. */
  #pending = 1;
  #isAnswered = false;
  /** The first lists of operations, each with the place of its first one. */
  #kept: (readonly [SentOperations, from: number])[] | undefined;
  #operationCount = 0;

  constructor(id: number, head: RequestHead, listeners: RequestListeners) {
    this.id = id;
    this.method = head.method;
    this.path = head.path.split('?', 1)[0]!;
    this.headers = head.headers;
    this.start = performance.now();
    this.#listeners = listeners;
  }

  /** Milliseconds for which guests worked on it themselves. */
  get guest(): number {
    return Math.max(0, this.ran - this.store);
  }

  /** What its guests asked of the store and sent. Only the first ones, see `MAX_OPERATIONS`. */
  get operations(): readonly Operation[] {
    const kept = this.#kept ?? [];
    return kept.flatMap(([sent, from]) => receivedOperations(sent, from)).slice(0, MAX_OPERATIONS);
  }

  /** The message in its body was read. */
  message(facts: McpFacts): void {
    this.mcp = facts;
    this.#listeners.message(this);
  }

  inSession(id: string | undefined): void {
    this.session = id?.slice(0, SHOWN);
  }

  /** The first failure is the reason. */
  failed(error: string): void {
    this.error ??= error;
  }

  /** A guest has finished. */
  worked(run: GuestRun): void {
    this.ran += run.duration;
    if (this.runs.length < MAX_RUNS) this.runs.push(run);
  }

  /** A guest is done with what follows `from` in the list. */
  did(sent: SentOperations, from: number = 0): void {
    if (this.#operationCount < MAX_OPERATIONS) {
      this.#kept ??= [];
      this.#kept.push([sent, from]);
    }
    readOperations(
      sent,
      (kind, _name, _outcome, duration) => {
        if (kind === 'store') this.store += duration;
        this.#operationCount += 1;
      },
      from,
    );
    this.#listeners.operations(sent, from);
  }

  /** It enters the stages that report that no guest works on it any more, by `finished`. */
  entered(): void {
    this.#pending += 1;
  }

  finished(): void {
    this.#pending -= 1;
    if (this.#pending === 0) this.#listeners.ended(this);
  }

  /** Its response is over, or its client has left. */
  answered(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.total = performance.now() - this.start;
    if (this.status === 0) this.failed('aborted');
    this.#listeners.answered(this);
    this.finished();
  }
}

/** Operations of one request that are kept for observers of requests; observers of operations get them all. */
const MAX_OPERATIONS = 256;
const MAX_RUNS = 16;

/** The head of a request, as a record takes it. */
export interface RequestHead {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: readonly string[];
}
