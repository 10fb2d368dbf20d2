import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from './member-scanner.ts';

/** What a JSON-RPC message says of itself, as far as it is known. */
export interface Envelope {
  /** Undefined for what is not a single JSON-RPC message. */
  readonly kind: 'request' | 'notification' | 'response' | undefined;
  readonly method: string | undefined;
  /** The bytes of the id, a string or a number, as they were written. */
  readonly id: Uint8Array | undefined;
  /** `params.protocolVersion`, when it could be the name of a version. */
  readonly protocolVersion: ProtocolVersion | undefined;
  /** The message was read to its end: nothing follows that could change its kind. */
  readonly whole: boolean;
}

export interface ProtocolVersion {
  readonly name: string;
  /** Index of its first byte in the message, the quote. */
  readonly at: number;
  /** Bytes, quotes included. */
  readonly length: number;
}

/** Reads the envelope of a message as its bytes arrive. */
export interface EnvelopeReader {
  /** Current as of the last `push`. */
  readonly envelope: Envelope;
  /** Returns whether more bytes would add nothing that is needed. */
  push(bytes: Uint8Array): boolean;
  /** There are no more bytes. */
  end(): void;
}

/**
 * Maximum number of bytes that are inspected, which bounds what an endless message costs the thread that all clients share. A
 * method is written before its parameters, or after short ones.
 */
export const MAX_INSPECTED: number = 64 * 1024;

const NOTHING: Envelope = {
  kind: undefined,
  method: undefined,
  id: undefined,
  protocolVersion: undefined,
  whole: false,
};

/**
 * `enough` is called after each member of the message, and returns whether the rest does not matter. The envelope of a text
 * that is not JSON is empty, and so is that of a message that parsers read differently.
 */
export function createEnvelopeReader(enough: (found: Envelope) => boolean): EnvelopeReader {
  return new Reader(enough);
}

/** Members of a message that decide what it is. */
const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'id', 'params', 'result', 'error']);

const WANTED: WantedMembers = {
  scalars: [new Set(['method', 'id']), new Set(['protocolVersion'])],
  entered: [new Set(['params'])],
};

const VERSION = /^[\w.-]{1,64}$/;

class Reader implements EnvelopeReader, MemberHandler {
  envelope: Envelope = NOTHING;
  readonly #enough: (found: Envelope) => boolean;
  readonly #scanner: MemberScanner;
  readonly #seen = new Set<string>();

  constructor(enough: (found: Envelope) => boolean) {
    this.#enough = enough;
    this.#scanner = new MemberScanner(this, WANTED);
  }

  push(bytes: Uint8Array): boolean {
    const scanner = this.#scanner;
    const end = Math.min(bytes.length, MAX_INSPECTED - scanner.read);
    scanner.push(bytes, end);
    if (!scanner.stopped && end < bytes.length) this.#giveUp();
    return scanner.stopped;
  }

  end(): void {
    if (this.#scanner.stopped) return;
    this.#scanner.stopped = true;
    if (!this.#scanner.complete) this.envelope = NOTHING;
    else {
      const { kind } = this.envelope;
      const isNotification = kind === 'request' && !this.#seen.has('id');
      this.envelope = { ...this.envelope, kind: isNotification ? 'notification' : kind, whole: true };
    }
  }

  name(level: Level, name: string): void {
    if (level === 2) return;
    // Some readers accept `Method` as `method`, and `re\u017fult` as `result`.
    const isVariant = !MEMBERS.has(name) && MEMBERS.has(name.toUpperCase().toLowerCase());
    if (isVariant || this.#seen.has(name) || this.#contradicts(name)) {
      this.invalid();
      return;
    }
    if (MEMBERS.has(name)) this.#seen.add(name);
    if (isOutcome(name) && this.envelope.kind === undefined) {
      this.envelope = { ...this.envelope, kind: 'response' };
      this.member();
    }
  }

  scalar(level: Level, name: string, value: unknown, bytes: Uint8Array, at: number): void {
    if (level === 2) {
      if (typeof value !== 'string' || !VERSION.test(value)) return;
      const protocolVersion = { name: value, at, length: bytes.length };
      this.envelope = { ...this.envelope, protocolVersion };
    } else if (name === 'method') {
      if (typeof value !== 'string') {
        this.invalid();
        return;
      }
      const kind = value.startsWith('notifications/') ? 'notification' : 'request';
      this.envelope = { ...this.envelope, method: value, kind };
    } else if (typeof value === 'string' || typeof value === 'number') {
      this.envelope = { ...this.envelope, id: bytes };
    }
  }

  container(level: Level, name: string): void {
    if (level === 1 && name === 'method') this.invalid();
  }

  member(): void {
    if (this.#enough(this.envelope)) this.#scanner.stopped = true;
  }

  invalid(): void {
    this.envelope = NOTHING;
    this.#scanner.stopped = true;
  }

  #contradicts(name: string): boolean {
    if (isOutcome(name)) return this.#seen.has('method');
    return name === 'method' && (this.#seen.has('result') || this.#seen.has('error'));
  }

  /** Only the parameters of a request exceed what is inspected. */
  #giveUp(): void {
    this.#scanner.stopped = true;
    if (this.envelope.kind === undefined && this.#seen.has('params')) {
      this.envelope = { ...this.envelope, kind: 'request' };
    }
  }
}

function isOutcome(name: string): boolean {
  return name === 'result' || name === 'error';
}
