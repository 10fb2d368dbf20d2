import { readEvents } from './event-stream.ts';
import { type Id, isId, isRequest, isResponse, type Message, readMessages } from './json-rpc.ts';

/** Longest message that a guest may answer with, in bytes or characters. */
const MESSAGE_LIMIT = 64 * 1024 ** 2;

/** Statuses whose bodies are for people. */
const MEANINGS: Readonly<Record<number, string>> = {
  401: 'the server wants to know who asks, which cannot be told over stdio',
  500: 'the server failed',
  502: 'the server failed',
  503: 'the server is busy or stopping',
  504: 'the server did not answer in time',
};

/** What a guest's answer to one POST says: protocol messages, each as one line, as they come. */
export interface ParsedResponse {
  readonly lines: AsyncGenerator<string, void, undefined>;
  /** Requests that no message has answered so far. */
  readonly unanswered: ReadonlySet<Id>;
  /** Why there is no answer to those, once the lines have come to their end. */
  readonly problem: string;
  /** The protocol version in a result of `initialize`, once it came. */
  readonly protocolVersion: string | undefined;
}

/**
 * Each request is answered at most once, and only those that were asked: what else claims to be a response is dropped.
 * Requests and notifications of the server pass as they are.
 */
export function readResponse(response: Response, requests: Iterable<Id>): ParsedResponse {
  return new ResponseReader(response, requests);
}

/** A class, as accessors and generators of a function's own would keep the response until the whole heap is collected. */
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
          // An event without data has an id to come back to, and no message (MCP 2025-11-25, transports).
          if (data !== '') yield* this.#read(data);
        }
      } else {
        const text = await readText(body);
        if (text.trim() !== '') yield* this.#read(text);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError))
        this.problem = `the server broke its answer off: ${(error as Error).message}`;
      else if (ok) this.problem = 'the server answered with something other than JSON';
    }
  }

  #read(text: string): string[] {
    const messages = readMessages(text);
    if (messages === undefined) {
      if (this.#response.ok) this.problem = 'the server answered with JSON that is no JSON-RPC message';
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
    // An error about the request as a whole: wasmcp's servers do not look for its id then.
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

/** Line breaks in JSON stand between its tokens only. The rest stays as it is: large numbers keep their digits. */
function oneLine(json: string): string {
  return json.trim().replace(/[\r\n]+/g, ' ');
}
