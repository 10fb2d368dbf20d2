import { readEvents } from './event-stream.ts';
import { type Id, isId, isRequest, isResponse, type Message, readMessages } from './json-rpc.ts';

/** Longest message of a guest, in bytes or characters. */
const MESSAGE_LIMIT = 64 * 1024 ** 2;

/** Statuses whose bodies are not JSON-RPC. */
const MEANINGS: Readonly<Record<number, string>> = {
  401: 'the server requires a token, which stdio clients cannot send',
  500: 'the server failed',
  502: 'the server failed',
  503: 'the server is busy or stopping',
  504: 'the server did not respond in time',
};

/** The response to one POST as protocol messages. */
export interface ParsedResponse {
  /** Yields each message as one line, as it arrives. */
  readonly lines: AsyncGenerator<string, void, undefined>;
  /** Requests without a response so far. */
  readonly unanswered: ReadonlySet<Id>;
  /** Why these have none, once the lines have ended. */
  readonly problem: string;
  /** The protocol version in a result of `initialize`, once it has arrived. */
  readonly protocolVersion: string | undefined;
}

/**
 * Passes on at most one response to each of `requests`, and drops other responses. Requests and notifications of the server
 * pass as they are.
 */
export function readResponse(response: Response, requests: Iterable<Id>): ParsedResponse {
  return new ResponseReader(response, requests);
}

/** A class, because accessors and generators of a closure would keep the response alive until a full collection. */
class ResponseReader implements ParsedResponse {
  readonly lines: ParsedResponse['lines'];
  readonly unanswered: Set<Id>;
  problem: string;
  protocolVersion: string | undefined;
  readonly #response: Response;

  constructor(response: Response, requests: Iterable<Id>) {
    const { status } = response;
    this.#response = response;
    this.unanswered = new Set(requests);
    this.problem = `${MEANINGS[status] ?? 'the server gave no response'} (HTTP ${status})`;
    this.lines = this.#lines();
  }

  async *#lines(): ParsedResponse['lines'] {
    const { body, headers, ok } = this.#response;
    try {
      if (body === null) return;
      if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) {
        for await (const data of readEvents(body, MESSAGE_LIMIT)) {
          // An event with empty data only carries an id for resuming (MCP 2025-11-25, transports).
          if (data !== '') yield* this.#read(data);
        }
      } else {
        const text = await readText(body);
        if (text.trim() !== '') yield* this.#read(text);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError))
        this.problem = `the server ended its response early: ${(error as Error).message}`;
      else if (ok) this.problem = 'the server returned something other than JSON';
    }
  }

  #read(text: string): string[] {
    const messages = readMessages(text);
    if (messages === undefined) {
      if (this.#response.ok) this.problem = 'the server returned JSON that is not a JSON-RPC message';
      return [];
    }
    const passing = messages.filter((message) => this.#passes(message));
    return passing.length === messages.length
      ? [oneLine(text)]
      : passing.map((message) => JSON.stringify(message));
  }

  /** Whether the message is for the client. */
  #passes(message: Message): boolean {
    if (isRequest(message) || !isResponse(message)) return true;
    if (isId(message.id)) {
      const { result } = message;
      if (typeof result?.protocolVersion === 'string') this.protocolVersion = result.protocolVersion;
      return this.unanswered.delete(message.id);
    }
    // An error about the request as a whole: see `wasmcp-quirks.ts`.
    if (typeof message.error?.message === 'string') this.problem = message.error.message;
    return false;
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MESSAGE_LIMIT) throw new RangeError(`it has more than ${MESSAGE_LIMIT} bytes`);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Line breaks in JSON occur only between tokens. The rest stays as it is: large numbers keep their digits. */
function oneLine(json: string): string {
  return json.trim().replace(/[\r\n]+/g, ' ');
}
