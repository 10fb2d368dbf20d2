import { WasmcpError } from '../../../host/index.ts';
import { header } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { createEventDataReader, isEventStream } from '../edge/event-data.ts';
import { parseExactly } from '../json.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { MAX_MESSAGE } from '../modern/collect-body.ts';

/** What is done with the response of a guest. */
export interface Reading {
  /** A message of the guest; nothing follows a response. `headers` are those of the whole. */
  message(message: JsonObject, status: number, headers: readonly string[]): void;
  /** Whether the client gets a response that is neither JSON nor a stream as it is. */
  passes(): boolean;
  /** There will be no response. */
  failed(error: WasmcpError): void;
  /** The messages of a chunk have been read: `sent` is called when what they caused has been sent. */
  flush(sent: () => void): void;
}

/** Reads the messages in the response of a guest. `client` gets what passes. */
export function readResponse(client: ResponseWriter, reading: Reading): ResponseWriter {
  return new Reader(client, reading).writer;
}

class Reader {
  readonly writer: ResponseWriter;
  readonly #client: ResponseWriter;
  readonly #reading: Reading;
  #status = 0;
  #headers: readonly string[] = [];
  #readEvents: ((bytes: Uint8Array) => void) | undefined;
  /** The body, or the data of the current event. */
  #parts: Uint8Array[] = [];
  #size = 0;
  #isPassed = false;
  #isOver = false;

  constructor(client: ResponseWriter, reading: Reading) {
    this.#client = client;
    this.#reading = reading;
    this.writer = wrapResponse(client, {
      head: (status, headers) => this.#head(status, headers),
      chunk: (bytes, acknowledged) => this.#chunk(bytes, acknowledged),
      end: (trailers) => this.#end(trailers),
      fail: (error) => this.#fail(error),
    });
  }

  #head(status: number, headers: string[]): void {
    this.#status = status;
    this.#headers = headers;
    if (isEventStream(headers)) {
      this.#readEvents = createEventDataReader({
        data: (bytes) => this.#keep(bytes),
        dispatched: () => this.#dispatched(),
      });
      return;
    }
    const isJson = header(headers, 'content-type')?.startsWith('application/json') ?? false;
    this.#isPassed = !isJson && this.#reading.passes();
    if (this.#isPassed) this.#client.head(status, headers);
  }

  #chunk(bytes: Uint8Array, acknowledged: (bytes: number) => void): void {
    const { length } = bytes;
    if (this.#isPassed) {
      this.#client.chunk(bytes, acknowledged);
      return;
    }
    if (this.#isOver) {
      acknowledged(length);
      return;
    }
    if (this.#readEvents === undefined) this.#keep(bytes);
    else this.#readEvents(bytes);
    this.#reading.flush(() => acknowledged(length));
    if (this.#size > MAX_MESSAGE) this.#fail(tooLong());
  }

  #end(trailers: string[]): void {
    if (this.#isPassed) {
      this.#client.end(trailers);
      return;
    }
    if (this.#isOver) return;
    if (this.#readEvents === undefined) this.#dispatched();
    if (!this.#isOver) {
      const text = `the response of the guest (${this.#status}) ended without a message`;
      this.#fail(new WasmcpError('guest-no-response', text));
    }
    this.#reading.flush(() => {});
  }

  #fail(error: WasmcpError): void {
    if (this.#isPassed) {
      this.#client.fail(error);
      return;
    }
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reading.failed(error);
  }

  #keep(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size <= MAX_MESSAGE) this.#parts.push(new Uint8Array(bytes));
  }

  /** A message is complete. */
  #dispatched(): void {
    const bytes = Buffer.concat(this.#parts);
    const isComplete = bytes.length === this.#size;
    if (isComplete) this.#size = 0;
    this.#parts = [];
    if (this.#isOver || !isComplete) return;
    const message = parse(bytes.toString());
    if (message === undefined) return;
    this.#isOver = message.method === undefined;
    this.#reading.message(message, this.#status, this.#headers);
  }
}

function tooLong(): WasmcpError {
  return new WasmcpError(
    'guest-error-response',
    `a message of the guest is longer than ${MAX_MESSAGE} bytes`,
  );
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = parseExactly(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
