import type { Readable, Writable } from 'node:stream';
import { cutText } from '../../../host/index.ts';
import { ambiguityIn } from '../ambiguity/ambiguity.ts';
import {
  errorLine,
  type Id,
  INTERNAL_ERROR,
  INVALID_REQUEST,
  isRequest,
  type Message,
  PARSE_ERROR,
  readMessages,
} from './json-rpc.ts';
import { type Line, readLines } from './lines.ts';
import { createModernRequests } from './modern-requests.ts';
import { openLineOutput } from './output.ts';
import { readResponse } from './response.ts';
import { createHttpSession, type SessionParts } from './session.ts';

export interface BridgeOptions extends SessionParts {
  readonly input: Readable;
  readonly output: Writable;
  /** Longest line of input, in bytes. */
  readonly maxLine: number;
}

/** MCP over standard input and output, with an HTTP server behind it. */
export interface Bridge {
  /** Settles when the input has ended and every request has its response, or when the reader of the output has gone. */
  readonly finished: Promise<void>;
  /** Stops reading; requests that were read still get their responses. */
  stop(): void;
}

/**
 * Starts to forward messages: each line of input in a POST of its own, all in parallel; each message of a response as a line of
 * output, as it arrives. Each request gets exactly one response, which may be an error.
 */
export function startBridge(options: BridgeOptions): Bridge {
  const { input, maxLine, log } = options;
  const output = openLineOutput(options.output);
  const session = createHttpSession(options);
  const modern = createModernRequests(options.fetch, output);
  const underWay = new Set<Promise<void>>();
  let stopped = false;

  async function deliver(text: string, messages: readonly Message[]): Promise<void> {
    const ids = messages.filter(isRequest).map(({ id }) => id);
    try {
      const opening = messages.find(({ method }) => method === 'initialize');
      const response = await (opening === undefined ? session.send(text) : session.open(text, opening));
      const parsed = readResponse(response, ids);
      for await (const line of parsed.lines) await output.write(line);
      await fail([...parsed.unanswered], parsed.problem);
      if (ids.length === 0 && !response.ok) log(`${describe(messages)} failed: ${parsed.problem}`);
      if (opening !== undefined && parsed.protocolVersion !== undefined) {
        await session.opened(response.headers, parsed.protocolVersion);
      }
    } catch (error) {
      if (ids.length === 0) log(`${describe(messages)} failed: ${(error as Error).message}`);
      await fail(ids, (error as Error).message);
    }
  }

  async function fail(ids: readonly Id[], reason: string): Promise<void> {
    for (const id of ids) await output.write(errorLine(id, INTERNAL_ERROR, reason));
  }

  async function accept(line: Line): Promise<void> {
    if (line.kind === 'too-long') {
      await output.write(errorLine(null, PARSE_ERROR, `Parse error: a line has more than ${maxLine} bytes`));
      return;
    }
    let text: string;
    let messages: readonly Message[] | undefined;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(line.bytes);
      messages = readMessages(text);
    } catch (error) {
      await output.write(errorLine(null, PARSE_ERROR, `Parse error: ${(error as Error).message}`));
      return;
    }
    const ambiguity = ambiguityIn(line.bytes);
    if (ambiguity !== undefined) {
      const id = ambiguity.id === undefined ? null : (JSON.parse(ambiguity.id) as Id);
      await output.write(errorLine(id, INVALID_REQUEST, `Invalid request: ${ambiguity.text}`));
      return;
    }
    if (messages === undefined) {
      await output.write(errorLine(null, INVALID_REQUEST, 'Invalid request: not a JSON-RPC 2.0 message'));
      return;
    }
    if (modern.cancels(messages)) return;
    const sent = modern.includes(messages) ? modern.deliver(text, messages) : deliver(text, messages);
    const delivery = sent.finally(() => underWay.delete(delivery));
    underWay.add(delivery);
    // Later messages need the session that these open.
    if (messages.some(({ method }) => OPENING.has(method))) await delivery;
  }

  async function pass(): Promise<void> {
    try {
      for await (const line of readLines(input, maxLine)) {
        await accept(line);
        // A client that does not read its responses must not send more requests.
        await output.room();
      }
    } catch (error) {
      if (!stopped) log(`standard input failed: ${(error as Error).message}`);
    }
    modern.endSubscriptions();
    await Promise.all(underWay);
    await output.flushed();
    await session.settled();
  }

  return {
    finished: Promise.race([pass(), output.broken]),
    stop() {
      stopped = true;
      input.destroy();
    },
  };
}

const OPENING: ReadonlySet<unknown> = new Set(['initialize', 'notifications/initialized']);

function describe(messages: readonly Message[]): string {
  const methods = messages.map(({ method }) => (typeof method === 'string' ? method : 'a response'));
  return cutText(methods.join(', '));
}
