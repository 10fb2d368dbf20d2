import { WasmcpError } from '../../../host/index.ts';
import { header } from '../../http/headers.ts';
import { createEventDataReader, isEventStream } from '../edge/event-data.ts';
import { parseExactly } from '../json.ts';
import { TooManyValues } from '../long-values/long-finder.ts';
import { MessageBytes } from '../long-values/outline.ts';
import { isObject, type JsonObject } from './client-message.ts';
import { MAX_MESSAGE } from './collect-body.ts';

/** Finds the messages in the body of a guest's response: one of JSON, or those of a stream of events. */
export class MessageReader {
  readonly #found: (message: JsonObject, length: number) => void;
  #readEvents: ((bytes: Uint8Array) => void) | undefined;
  /** The body, or the data of the current event. */
  #message: MessageBytes | undefined;
  #size = 0;
  #isTooLong = false;

  /**
   * `found` is called with each message and its length in bytes; not for what is no object, or too long. Members of its `params` and
   * `result` may be a `LongValue`.
   */
  constructor(found: (message: JsonObject, length: number) => void) {
    this.#found = found;
  }

  /** Whether a message was longer than MAX_MESSAGE or had too many values, or the current one is already longer. */
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
    else {
      this.#message ??= new MessageBytes('guest');
      this.#message.push(bytes);
    }
  }

  #dispatched(): void {
    const [bytes, length] = [this.#message, this.#size];
    this.#message = undefined;
    this.#size = 0;
    if (bytes === undefined || length > MAX_MESSAGE) return;
    const message = this.#parse(bytes);
    if (message !== undefined) this.#found(message, length);
  }

  #parse(bytes: MessageBytes): JsonObject | undefined {
    try {
      const outline = bytes.outline();
      const value = outline.fill(parseExactly(outline.text.toString()));
      return isObject(value) ? value : undefined;
    } catch (error) {
      if (error instanceof TooManyValues) this.#isTooLong = true;
      return undefined;
    }
  }
}

/** The error for a request whose response has a message that is too long. */
export function messageTooLong(): WasmcpError {
  const text = `a message of the guest is longer than ${MAX_MESSAGE} bytes, or has too many values`;
  return new WasmcpError('guest-error-response', text);
}
