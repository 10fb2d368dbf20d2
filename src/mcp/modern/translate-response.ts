import { WasmcpError } from '../../../host/index.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { writeJson } from '../long-values/long-value.ts';
import type { JsonObject } from './client-message.ts';
import { type Completed, completeResponse, errorResponse } from './guest-response.ts';
import { MessageReader, messageTooLong } from './message-reader.ts';
import { MAX_LATE } from './mrtr/limits.ts';
import type { TranslatedResponse, Translation } from './translation.ts';

const TOO_LATE = `a message longer than ${MAX_LATE} bytes came before the client did`;

/**
 * Turns the response of a guest of an earlier revision into one of 2026-07-28. The head is sent with the first message that the
 * client gets, because an error has a status of its own: a response without notifications before it is no stream.
 */
export function translateResponse(target: ResponseWriter, translation: Translation): TranslatedResponse {
  return new Translator(target, translation);
}

class Translator implements TranslatedResponse {
  readonly writer: ResponseWriter;
  #target: ResponseWriter;
  #translation: Translation;
  readonly #messages: MessageReader;
  #status = 0;
  #headers: string[] = [];
  /** What the current chunk adds to the response. */
  #events = '';
  #isStreaming = false;
  #isPassed = false;
  #isOver = false;
  #held: Held | undefined;

  constructor(target: ResponseWriter, translation: Translation) {
    this.#target = target;
    this.#translation = translation;
    this.#messages = new MessageReader((message, length) => this.#found(message, length));
    this.writer = wrapResponse(target, {
      head: (status, headers) => this.#head(status, headers),
      chunk: (bytes, acknowledged) => this.#chunk(bytes, acknowledged),
      end: (trailers) => this.#end(trailers),
      fail: (error) => this.#fail(error),
      finished: () => {
        if (this.#held === undefined) this.#target.finished();
      },
    });
  }

  get isOver(): boolean {
    return this.#isOver || this.#isPassed || this.#held !== undefined;
  }

  get failure(): WasmcpError | undefined {
    return this.#held?.failure;
  }

  hold(result: JsonObject): void {
    const target = this.#target;
    const { id } = this.#translation;
    // The guest may not have begun its response.
    this.#send({ status: 200, text: writeJson({ jsonrpc: '2.0', id, result }) });
    if (this.#isStreaming) this.#endStream();
    this.#held = {};
    this.#isOver = false;
    this.#isStreaming = false;
    target.finished();
  }

  resume(target: ResponseWriter, translation: Translation): void {
    const { deliver } = this.#held!;
    this.#held = undefined;
    this.#target = target;
    this.#translation = translation;
    this.#isOver = false;
    deliver?.();
  }

  refuse(error: JsonObject): void {
    if (this.#isOver) return;
    this.#settle(0, () => this.#send(errorResponse(error, this.#translation.id, this.#status)));
    if (this.#isStreaming && this.#events !== '') this.#endStream();
  }

  fail(error: WasmcpError): void {
    this.#fail(error);
  }

  #head(status: number, headers: string[]): void {
    if (this.#translation.passes) {
      this.#isPassed = true;
      this.#target.head(status, headers);
      return;
    }
    this.#status = status;
    this.#headers = headers.filter((_, i) => !OWN.has(headers[i - (i % 2)]!.toLowerCase()));
    this.#isPassed = !this.#messages.begin(headers);
    if (this.#isPassed) this.#target.head(status, withoutSession(headers));
  }

  #chunk(bytes: Uint8Array, acknowledged: (bytes: number) => void): void {
    if (this.#isPassed) this.#target.chunk(bytes, acknowledged);
    else if (this.#isOver) acknowledged(bytes.length);
    else this.#read(bytes, acknowledged);
  }

  #read(bytes: Uint8Array, acknowledged: (bytes: number) => void): void {
    const { length } = bytes;
    this.#messages.read(bytes);
    const events = this.#events;
    this.#events = '';
    if (events === '') acknowledged(length);
    else this.#target.chunk(Buffer.from(events), () => acknowledged(length));
    if (this.#messages.isTooLong) this.#fail(messageTooLong());
    else if (this.#isOver && this.#isStreaming) this.#target.end([]);
  }

  #end(trailers: string[]): void {
    if (this.#isPassed) this.#target.end(trailers);
    else if (!this.#isOver) this.#messages.end();
    if (this.#messages.isTooLong) this.#fail(messageTooLong());
    if (!this.#isPassed && !this.#isOver) {
      this.#fail(new WasmcpError('guest-no-response', 'the response of the guest ended without a message'));
    }
  }

  #fail(error: WasmcpError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#held !== undefined) this.#held.failure = error;
    else this.#target.fail(error);
  }

  #endStream(): void {
    const events = this.#events;
    this.#events = '';
    this.#target.chunk(Buffer.from(events), () => {});
    this.#target.end([]);
  }

  /** The response of the guest is there: it goes to the client, or waits for one. */
  #settle(size: number, deliver: () => void): void {
    if (this.#held === undefined) deliver();
    else if (size > MAX_LATE) this.#fail(new WasmcpError('guest-error-response', TOO_LATE));
    else {
      this.#held.deliver = deliver;
      this.#isOver = true;
    }
  }

  #found(message: JsonObject, length: number): void {
    if (this.#isOver || this.#messages.isTooLong) return;
    if (message.method === undefined) this.#settle(length, () => this.#respond(message));
    else if (message.id === undefined) this.#notify(message);
    else this.#asked(message);
  }

  #asked(request: JsonObject): void {
    const error = this.#translation.asked(request);
    if (error === undefined) return;
    this.#settle(0, () => this.#send(errorResponse(error, this.#translation.id, this.#status)));
  }

  #notify(notification: JsonObject): void {
    if (!this.#translation.streams || this.#held !== undefined) return;
    const changed = this.#translation.notified(notification);
    if (changed === undefined) return;
    if (!this.#isStreaming) {
      this.#isStreaming = true;
      this.#target.head(this.#status, [...this.#headers, 'content-type', 'text/event-stream']);
    }
    this.#events += event(writeJson(changed));
  }

  #respond(response: JsonObject): void {
    const changed = this.#translation.responded(response);
    this.#send(completeResponse(changed, this.#status, this.#translation.completion()));
  }

  #send({ status, text }: Completed): void {
    this.#isOver = true;
    if (this.#isStreaming) {
      this.#events += event(text);
      return;
    }
    this.#target.head(status, [...this.#headers, 'content-type', 'application/json']);
    this.#target.chunk(Buffer.from(text), () => {});
    this.#target.end([]);
  }
}

/** What is known of the response while no client waits for it. */
interface Held {
  deliver?: () => void;
  failure?: WasmcpError;
}

/** Headers that depend on what the translator writes, and the session, which clients do not know of. */
const OWN: ReadonlySet<string> = new Set(['content-type', 'content-length', 'mcp-session-id', 'trailer']);

function withoutSession(headers: string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]!.toLowerCase() !== 'mcp-session-id');
}

function event(data: string): string {
  return `event: message\ndata: ${data}\n\n`;
}
