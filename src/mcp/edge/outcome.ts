import { header } from '../../http/headers.ts';
import type { RequestRecord } from '../../http/request-record.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { createEventDataReader, isEventStream } from './event-data.ts';
import { type Level, type MemberHandler, MemberScanner, type WantedMembers } from './member-scanner.ts';

/** Maximum number of bytes of a response that are read for its outcome. */
const MAX_READ = 1024 * 1024;

/** Maximum number, and length, of the names of tools that are taken from one response. */
const MAX_TOOLS = 1000;
const MAX_NAME = 128;

const WANTED: WantedMembers = {
  scalars: [new Set(), new Set(['code', 'isError'])],
  entered: [new Set(['result', 'error'])],
};

/** `target`; notes in the record whether the guest's response to a message is an error, and which tools it lists. */
export function withOutcome(record: RequestRecord, target: ResponseWriter): ResponseWriter {
  let read: ((bytes: Uint8Array) => void) | undefined;
  let messages: MessageReader | undefined;
  let left = MAX_READ;
  return wrapResponse(target, {
    head(status, headers) {
      if (record.mcp !== undefined) {
        const reader = new MessageReader(record);
        messages = reader;
        if (isEventStream(headers))
          read = createEventDataReader({ data: reader.push, dispatched: reader.end });
        else if (header(headers, 'content-type')?.startsWith('application/json')) read = reader.push;
      }
      target.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      if (read !== undefined && left > 0) read(bytes.length <= left ? bytes : bytes.subarray(0, left));
      left -= bytes.length;
      target.chunk(bytes, acknowledged);
    },
    end(trailers) {
      messages?.end();
      target.end(trailers);
    },
  });
}

/** Reads messages one after another. */
class MessageReader implements MemberHandler {
  readonly #record: RequestRecord;
  readonly #listsTools: boolean;
  #scanner = new MemberScanner(this, WANTED);
  /** The member of the message that is being read. */
  #member = '';
  /** The message, if it is parsed as a whole. */
  #held: Uint8Array[] = [];

  constructor(record: RequestRecord) {
    this.#record = record;
    this.#listsTools = record.mcp?.method === 'tools/list';
  }

  readonly push = (bytes: Uint8Array): void => {
    if (this.#listsTools) this.#held.push(new Uint8Array(bytes));
    if (!this.#scanner.stopped) this.#scanner.push(bytes, bytes.length);
  };

  /** The message is complete. */
  readonly end = (): void => {
    this.#scanner = new MemberScanner(this, WANTED);
    if (this.#held.length === 0) return;
    const tools = namesIn(Buffer.concat(this.#held).toString());
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

function namesIn(text: string): string[] {
  try {
    const { result } = JSON.parse(text) as { result?: { tools?: unknown } };
    const tools: unknown[] = Array.isArray(result?.tools) ? result.tools : [];
    const names = tools.map((tool) => (tool as { name?: unknown } | null)?.name);
    return names
      .filter((name) => typeof name === 'string' && name.length <= MAX_NAME)
      .slice(0, MAX_TOOLS) as string[];
  } catch {
    return [];
  }
}
