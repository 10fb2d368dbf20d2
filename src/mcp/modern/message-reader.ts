import { WasmcpError } from '../../../host/index.ts';
import { header } from '../../http/headers.ts';
import { createEventDataReader, isEventStream } from '../edge/event-data.ts';
import { parseExactly } from '../json.ts';
import { isObject, type JsonObject } from './client-message.ts';
import { MAX_MESSAGE } from './collect-body.ts';

/** Finds the messages in the body of a guest's response: one of JSON, or those of a stream of events. */
export class MessageReader {
  readonly #found: (message: JsonObject, length: number) => void;
  #readEvents: ((bytes: Uint8Array) => void) | undefined;
  /** The body, or the data of the current event. */
  #parts: Uint8Array[] = [];
  #size = 0;
  #isTooLong = false;

  /** `found` is called with each message and its length in bytes; not for what is no object, or too long. */
  constructor(found: (message: JsonObject, length: number) => void) {
    this.#found = found;
  }

  /** Whether a message was longer than MAX_MESSAGE, or the current one already is. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** Returns false if a response with these headers has no messages. */
  begin(headers: readonly string[]): boolean {
    if (isEventStream(headers)) {
      this.#readEvents = createEventDataReader({
        data: (bytes) => this.#keep(bytes),
        dispatched: () => this.#dispatched(),
      });
      return true;
    }
    return header(headers, 'content-type')?.startsWith('application/json') ?? false;
  }

  read(bytes: Uint8Array): void {
    if (this.#readEvents === undefined) this.#keep(bytes);
    else this.#readEvents(bytes);
  }

  /** The body has ended. An event without its end is none (HTML, "Parsing an event stream"). */
  end(): void {
    if (this.#readEvents === undefined) this.#dispatched();
  }

  #keep(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > MAX_MESSAGE) this.#isTooLong = true;
    else this.#parts.push(new Uint8Array(bytes));
  }

  #dispatched(): void {
    const [parts, length] = [this.#parts, this.#size];
    this.#parts = [];
    this.#size = 0;
    if (length > MAX_MESSAGE) return;
    const message = parse(Buffer.concat(parts, length).toString());
    if (message !== undefined) this.#found(message, length);
  }
}

/** The error for a request whose response has a message that is too long. */
export function messageTooLong(): WasmcpError {
  const text = `a message of the guest is longer than ${MAX_MESSAGE} bytes`;
  return new WasmcpError('guest-error-response', text);
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = parseExactly(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
