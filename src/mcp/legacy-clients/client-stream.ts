import { filterHeaders } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { writeJson } from '../long-values/long-value.ts';
import type { JsonObject } from '../modern/client-message.ts';

/** Headers that depend on what is written here. */
const OWN: ReadonlySet<string> = new Set(['content-type', 'content-length', 'mcp-session-id', 'trailer']);

/** The response to a client: a stream once something else than the response is sent, else JSON. */
export interface ClientStream {
  readonly hasBegun: boolean;
  begin(headers?: readonly string[]): void;
  /** A notification or a request, sent with the next `flush`. */
  send(message: JsonObject, headers?: readonly string[]): void;
  /** The response, sent with the next `flush` if the stream has begun. `status` and `headers` count otherwise. */
  respond(message: JsonObject, status: number, headers: readonly string[]): void;
  /** Ends the stream without a response. */
  end(): void;
  /** `sent` is called when everything has been sent. */
  flush(sent: () => void): void;
}

export function createClientStream(target: ResponseWriter): ClientStream {
  let hasBegun = false;
  let isEnding = false;
  let events = '';

  function begin(headers: readonly string[] = []): void {
    if (hasBegun) return;
    hasBegun = true;
    target.head(200, [...passedHeaders(headers), 'content-type', 'text/event-stream']);
  }

  function add(message: JsonObject): void {
    events += `event: message\ndata: ${writeJson(message)}\n\n`;
  }

  return {
    get hasBegun() {
      return hasBegun;
    },
    begin,
    send(message, headers) {
      begin(headers);
      add(message);
    },
    respond(message, status, headers) {
      if (hasBegun) {
        add(message);
        isEnding = true;
        return;
      }
      target.head(status, [...passedHeaders(headers), 'content-type', 'application/json']);
      target.chunk(Buffer.from(writeJson(message)), () => {});
      target.end([]);
    },
    end() {
      begin();
      isEnding = true;
    },
    flush(sent) {
      const bytes = Buffer.from(events);
      events = '';
      if (bytes.length === 0) sent();
      else target.chunk(bytes, sent);
      if (!isEnding) return;
      isEnding = false;
      target.end([]);
    },
  };
}

function passedHeaders(headers: readonly string[]): string[] {
  return filterHeaders(headers, (name) => !OWN.has(name));
}
