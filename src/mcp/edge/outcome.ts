import { header } from '../../http/headers.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { parseJson } from '../json.ts';
import { outlineOf } from '../long-values/outline.ts';
import { createEventDataReader, isEventStream } from './event-data.ts';
import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from './member-scanner.ts';

const LINE_FEED = 0x0a;

/** Maximum number of bytes of a response that are read for its outcome. */
const MAX_READ = 1024 * 1024;

/** Maximum number, and length, of the names of tools that are taken from one response. */
const MAX_TOOLS = 1000;
const MAX_NAME = 128;

/** Milliseconds between two lists of tools that are parsed: few of them say anything new. */
const LIST_INTERVAL = 100;

/**
 * What a response with an error contains, if it is written as everyone writes it. In the texts of a message, quotes are
 * escaped. To look for them costs a hundredth of reading the message.
 */
const SIGNS: readonly Buffer[] = ['"error"', '"isError":true', '"isError": true'].map((text) =>
  Buffer.from(text),
);

/** A part of each sign. */
const TRACE: Buffer = Buffer.from('rror"');

const WANTED: WantedMembers = {
  scalars: [new Set(), new Set(['code', 'isError'])],
  entered: [new Set(['result', 'error'])],
};

/** Notes in records whether the guest's responses to messages are errors, and which tools they list. */
export type ReadOutcome = (record: RequestRecord, target: ResponseWriter) => ResponseWriter;

/** For the requests of one component. */
export function createOutcomeReader(): ReadOutcome {
  let listed = Number.NEGATIVE_INFINITY;

  function readsTools({ mcp, start }: RequestRecord): boolean {
    if (mcp?.method !== 'tools/list' || start - listed < LIST_INTERVAL) return false;
    listed = start;
    return true;
  }

  return (record, target) => {
    let read: ((bytes: Uint8Array) => void) | undefined;
    let messages: MessageReader | undefined;
    let left = MAX_READ;
    /** The parts so far have no sign of an error, and were not read. */
    let isClean = true;
    /** The next part begins a line of a stream, or the body. */
    let beginsLine = true;

    function take(bytes: Uint8Array): void {
      const isRead = !isClean || messages?.isWhole === true || hasSign(bytes);
      if (isRead && (!isClean || beginsLine)) read?.(bytes);
      else if (isRead) guess(record, bytes);
      isClean &&= !isRead;
      beginsLine = read !== messages?.push && bytes.at(-1) === LINE_FEED;
    }

    return wrapResponse(target, {
      head(status, headers) {
        if (record.mcp !== undefined) {
          const reader = new MessageReader(record, readsTools(record));
          messages = reader;
          if (isEventStream(headers))
            read = createEventDataReader({ data: reader.push, dispatched: reader.end });
          else if (header(headers, 'content-type')?.startsWith('application/json')) read = reader.push;
        }
        target.head(status, headers);
      },
      chunk(bytes, acknowledged) {
        if (read !== undefined && left > 0) take(bytes.length <= left ? bytes : bytes.subarray(0, left));
        left -= bytes.length;
        target.chunk(bytes, acknowledged);
      },
      end(trailers) {
        messages?.end();
        target.end(trailers);
      },
    });
  };
}

/** For a part from the midst of a message that was not read so far. */
function guess(record: RequestRecord, bytes: Uint8Array): void {
  const text = asBuffer(bytes).toString('latin1');
  const code = /"error"\s*:\s*\{[^{}]*?"code"\s*:\s*(-?\d{1,15})\b/.exec(text)?.[1];
  if (code !== undefined) record.failed(code);
  else if (/"isError"\s*:\s*true/.test(text)) record.failed('tool_error');
}

function hasSign(part: Uint8Array): boolean {
  const bytes = asBuffer(part);
  return bytes.includes(TRACE) && SIGNS.some((sign) => bytes.includes(sign));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Reads messages one after another. */
class MessageReader implements MemberHandler {
  readonly #record: RequestRecord;
  /** It needs the message from its beginning to its end. */
  readonly isWhole: boolean;
  #scanner = new MemberScanner(this, WANTED);
  /** The member of the message that is being read. */
  #member = '';
  /** The message, if it is parsed as a whole. */
  #held: Uint8Array[] = [];

  constructor(record: RequestRecord, isWhole: boolean) {
    this.#record = record;
    this.isWhole = isWhole;
  }

  readonly push = (bytes: Uint8Array): void => {
    if (this.isWhole) this.#held.push(new Uint8Array(bytes));
    if (!this.#scanner.stopped) this.#scanner.push(bytes, bytes.length);
  };

  /** The message is complete. */
  readonly end = (): void => {
    this.#scanner = new MemberScanner(this, WANTED);
    if (this.#held.length === 0) return;
    const tools = namesIn(Buffer.concat(this.#held));
    this.#held = [];
    if (tools.length > 0) this.#record.tools = tools;
  };

  name(level: Level, name: string): void {
    if (level === 1) this.#member = name;
  }

  scalar(_level: Level, name: string, value: unknown): void {
    const isError = this.#member === 'error';
    if (isError && name === 'code' && Number.isSafeInteger(value)) this.#record.failed(String(value));
    if (!isError && name === 'isError' && value === true) this.#record.failed('tool_error');
  }

  invalid(): void {
    this.#scanner.stopped = true;
  }

  container(): void {}
  member(): void {}
}

function namesIn(message: Uint8Array): string[] {
  try {
    const { result } = parseJson(outlineOf(message, 'guest').text.toString()) as {
      result?: { tools?: unknown };
    };
    const tools: unknown[] = Array.isArray(result?.tools) ? result.tools : [];
    const names = tools.map((tool) => (tool as { name?: unknown } | null)?.name);
    return names
      .filter((name) => typeof name === 'string' && name.length <= MAX_NAME)
      .slice(0, MAX_TOOLS) as string[];
  } catch {
    return [];
  }
}
