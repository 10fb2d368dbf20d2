import { WasmcpError } from '../../../host/index.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import type { JsonObject } from '../modern/client-message.ts';
import { MessageReader, messageTooLong } from '../modern/message-reader.ts';

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
  readonly #messages: MessageReader;
  #status = 0;
  #headers: readonly string[] = [];
  #isPassed = false;
  #isOver = false;

  constructor(client: ResponseWriter, reading: Reading) {
    this.#client = client;
    this.#reading = reading;
    this.#messages = new MessageReader((message) => this.#found(message));
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
    this.#isPassed = !this.#messages.begin(headers) && this.#reading.passes();
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
    this.#messages.read(bytes);
    this.#reading.flush(() => acknowledged(length));
    if (this.#messages.isTooLong) this.#fail(messageTooLong());
  }

  #end(trailers: string[]): void {
    if (this.#isPassed) {
      this.#client.end(trailers);
      return;
    }
    if (this.#isOver) return;
    this.#messages.end();
    if (this.#messages.isTooLong) this.#fail(messageTooLong());
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

  #found(message: JsonObject): void {
    if (this.#isOver || this.#messages.isTooLong) return;
    this.#isOver = message.method === undefined;
    this.#reading.message(message, this.#status, this.#headers);
  }
}
