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
export interface Answer {
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
export function readAnswer(response: Response, requests: Iterable<Id>): Answer {
  const unanswered = new Set(requests);
  const { status } = response;
  let problem = `${MEANINGS[status] ?? 'the server gave no response'} (HTTP ${status})`;
  let protocolVersion: string | undefined;

  /** Whether the message is for the client. */
  function passes(message: Message): boolean {
    if (isRequest(message) || !isResponse(message)) return true;
    if (isId(message.id)) {
      const { result } = message;
      if (typeof result?.protocolVersion === 'string') protocolVersion = result.protocolVersion;
      return unanswered.delete(message.id);
    }
    // An error about the request as a whole: wasmcp's servers do not look for its id then.
    if (typeof message.error?.message === 'string') problem = message.error.message;
    return false;
  }

  function read(text: string): string[] {
    const messages = readMessages(text);
    if (messages === undefined) {
      if (response.ok) problem = 'the server answered with JSON that is no JSON-RPC message';
      return [];
    }
    const passing = messages.filter(passes);
    return passing.length === messages.length
      ? [oneLine(text)]
      : passing.map((message) => JSON.stringify(message));
  }

  async function* lines(): AsyncGenerator<string, void, undefined> {
    try {
      if (response.body === null) return;
      if (/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) {
        for await (const data of readEvents(response.body, MESSAGE_LIMIT)) {
          // An event without data has an id to come back to, and no message (MCP 2025-11-25, transports).
          if (data !== '') yield* read(data);
        }
      } else {
        const text = await readText(response.body);
        if (text.trim() !== '') yield* read(text);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError))
        problem = `the server broke its answer off: ${(error as Error).message}`;
      else if (response.ok) problem = 'the server answered with something other than JSON';
    }
  }

  return {
    lines: lines(),
    unanswered,
    get problem() {
      return problem;
    },
    get protocolVersion() {
      return protocolVersion;
    },
  };
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
