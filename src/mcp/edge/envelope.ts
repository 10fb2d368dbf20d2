/** What a JSON-RPC message says of itself, as far as it is known. */
export interface Envelope {
  /** Undefined for what is no single JSON-RPC message. */
  readonly kind: 'request' | 'notification' | 'response' | undefined;
  readonly method: string | undefined;
  /** The bytes of the id, a string or a number, as they were written. */
  readonly id: Uint8Array | undefined;
  /** `params.protocolVersion`, when it could be the name of a version. */
  readonly protocolVersion: ProtocolVersion | undefined;
  /** It was read to its end: nothing follows that could make it something else. */
  readonly whole: boolean;
  /** A member comes twice or in other letters, or a method beside a result: readers differ on what it is. */
  readonly contradictory: boolean;
}

export interface ProtocolVersion {
  readonly name: string;
  /** Where it stands in the message, with its quotes: index of its first byte, and how many they are. */
  readonly at: number;
  readonly length: number;
}

/** Reads the envelope of a message, byte by byte: values are stepped over, nothing is built from them. */
export interface EnvelopeReader {
  /** Current as of the last `push`. */
  readonly envelope: Envelope;
  /** Answers whether more bytes would tell nothing that is wanted. */
  push(bytes: Uint8Array): boolean;
  /** There are no more bytes. */
  end(): void;
}

/**
 * Most bytes that are looked at: what an endless message costs the thread that all clients share. Methods stand in front
 * of their parameters, or behind few of them.
 */
const LOOK = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

type Place = 'start' | 'first key' | 'key' | 'colon' | 'value' | 'scalar' | 'after value' | 'end';

const NOTHING: Envelope = {
  kind: undefined,
  method: undefined,
  id: undefined,
  protocolVersion: undefined,
  whole: false,
  contradictory: false,
};

/**
 * `enough` is asked after each member of the message whether the rest matters. What is no JSON has an empty envelope when
 * that shows on the way; what is contradictory has nothing else in its own.
 */
export function createEnvelopeReader(enough: (found: Envelope) => boolean): EnvelopeReader {
  let found: Envelope = NOTHING;
  let place: Place = 'start';
  /** 1 in the message, 2 in its `params`. */
  let level = 1;
  /** Open objects and arrays within a value that is stepped over. */
  let nested = 0;
  let inString = false;
  let escaped = false;
  let key = '';
  /** The token being read, when somebody asks for it. */
  let token: number[] | undefined;
  /** Bytes before the current one. */
  let read = 0;
  let done = false;
  const seen = new Set<string>();

  function refuse(contradictory = false): void {
    found = { ...NOTHING, contradictory };
    done = true;
  }

  function afterValue(): void {
    place = 'after value';
    if (level === 1 && enough(found)) done = true;
  }

  function keyRead(name: string): void {
    key = name;
    place = 'colon';
    if (level === 2) return;
    if (!MEMBERS.has(name)) {
      // Some readers take `Method` for `method`, and `re\u017fult` for `result`.
      if (MEMBERS.has(name.toUpperCase().toLowerCase())) refuse(true);
      return;
    }
    const answers = name === 'result' || name === 'error';
    const beside = answers
      ? seen.has('method')
      : name === 'method' && (seen.has('result') || seen.has('error'));
    if (seen.has(name) || beside) {
      refuse(true);
      return;
    }
    seen.add(name);
    if (answers && found.kind === undefined) {
      found = { ...found, kind: 'response' };
      if (enough(found)) done = true;
    }
  }

  function valueRead(text: string, bytes: Uint8Array): void {
    const value: unknown = JSON.parse(text);
    if (level === 2) {
      if (typeof value === 'string' && VERSION.test(value)) {
        const { length } = bytes;
        found = { ...found, protocolVersion: { name: value, at: read - length + 1, length } };
      }
    } else if (key === 'method') {
      if (typeof value !== 'string') {
        refuse();
        return;
      }
      found = {
        ...found,
        method: value,
        kind: value.startsWith('notifications/') ? 'notification' : 'request',
      };
    } else if (typeof value === 'string' || typeof value === 'number') {
      found = { ...found, id: bytes };
    }
    afterValue();
  }

  function tokenRead(): void {
    const bytes = token === undefined ? undefined : Uint8Array.from(token);
    token = undefined;
    if (bytes === undefined) {
      afterValue();
      return;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      if (place === 'key' || place === 'first key')
        keyRead(text.includes('\\') ? JSON.parse(text) : text.slice(1, -1));
      else valueRead(text, bytes);
    } catch {
      refuse();
    }
  }

  function objectRead(): void {
    if (level === 2) {
      level = 1;
      key = 'params';
      afterValue();
    } else {
      place = 'end';
    }
  }

  function valueBegins(byte: number): void {
    if (byte === QUOTE) {
      inString = true;
      token = WANTED[level]!.has(key) ? [byte] : undefined;
    } else if (byte === OPEN_OBJECT && level === 1 && key === 'params') {
      level = 2;
      place = 'first key';
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (level === 1 && key === 'method') refuse();
      nested = 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === COMMA || byte === COLON) refuse();
    else {
      place = 'scalar';
      token = WANTED[level]!.has(key) ? [byte] : undefined;
    }
  }

  function withinString(byte: number): void {
    token?.push(byte);
    if (escaped) escaped = false;
    else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) {
      inString = false;
      if (nested === 0) tokenRead();
    }
  }

  function withinValue(byte: number): void {
    if (byte === QUOTE) inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) nested += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      nested -= 1;
      if (nested === 0) afterValue();
    }
  }

  function betweenTokens(byte: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    const closes = byte === CLOSE_OBJECT && (place === 'first key' || place === 'after value');
    if (closes) objectRead();
    else if (place === 'value') valueBegins(byte);
    else if ((place === 'first key' || place === 'key') && byte === QUOTE) {
      inString = true;
      token = [byte];
    } else if (place === 'start' && byte === OPEN_OBJECT) place = 'first key';
    else if (place === 'colon' && byte === COLON) place = 'value';
    else if (place === 'after value' && byte === COMMA) place = 'key';
    else refuse();
  }

  function take(byte: number): void {
    if (inString) withinString(byte);
    else if (nested > 0) withinValue(byte);
    else if (place !== 'scalar') betweenTokens(byte);
    else if (!endsScalar(byte)) token?.push(byte);
    else {
      tokenRead();
      if (!done) betweenTokens(byte);
    }
  }

  /** A request's parameters alone fill what may be looked at. */
  function giveUp(): void {
    done = true;
    if (found.kind === undefined && seen.has('params')) found = { ...found, kind: 'request' };
  }

  // Not an accessor: V8 would keep each message until the whole heap is collected.
  const reader = {
    envelope: found,
    push(bytes: Uint8Array): boolean {
      const start = read;
      const end = Math.min(bytes.length, LOOK - start);
      for (let i = 0; i < end && !done; i++) {
        if (inString && token === undefined && !escaped) i = endOfPlainText(bytes, i, end);
        read = start + i;
        if (i < end) take(bytes[i]!);
      }
      read = start + end;
      if (!done && end < bytes.length) giveUp();
      reader.envelope = found;
      return done;
    },
    end(): void {
      if (done) return;
      done = true;
      if (place !== 'end') found = NOTHING;
      else {
        const kind = found.kind === 'request' && !seen.has('id') ? 'notification' : found.kind;
        found = { ...found, kind, whole: true };
      }
      reader.envelope = found;
    },
  };
  return reader;
}

/** Members of a message that decide what it is. */
const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'id', 'params', 'result', 'error']);

const VERSION = /^[\w.-]{1,64}$/;

/** Values that are read rather than stepped over, by level. */
const WANTED: readonly ReadonlySet<string>[] = [
  new Set(),
  new Set(['method', 'id']),
  new Set(['protocolVersion']),
];

/** Most of a long message is text that nobody asks for. */
function endOfPlainText(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++;
  return i;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte <= 0x20;
}
