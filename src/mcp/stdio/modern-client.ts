import { mirroredMember } from '../modern/check-message.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { HEADER_MISMATCH } from '../modern/codes.ts';
import { encodeMirrored } from '../modern/header-values.ts';
import { createParamHeaders } from '../modern/param-headers.ts';
import { META } from '../modern/revision.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { ENDPOINT } from './http-client.ts';
import type { Id, Message } from './json-rpc.ts';
import { type ParsedResponse, readResponse } from './response.ts';

/** A request of a client of 2026-07-28. */
export type ModernMessage = Message & { readonly id: Id; readonly method: string };

/** Sends such requests over HTTP, where headers repeat what the body says ("Streamable HTTP", section "Request Metadata"). */
export interface ModernClient {
  /** The lines that the client gets. Nothing more arrives once `signal` aborts. */
  send(text: string, message: ModernMessage, signal: AbortSignal): AsyncGenerator<string, Outcome>;
}

/** How a request ended. */
export interface Outcome {
  readonly isAnswered: boolean;
  /** Why there is no response. */
  readonly problem: string;
}

/** Most pages of a list of tools that are read to learn which headers a tool wants. */
const MAX_PAGES = 50;

const TOKEN = /^[\w.-]{1,64}$/;

export function createModernClient(fetch: (request: Request) => Promise<Response>): ModernClient {
  const mirrors = createParamHeaders();
  let hasListed = false;

  function post(text: string, { method, params }: Sent, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-method': encodeMirrored(method),
    });
    const version = isObject(params._meta) ? params._meta[META.version] : undefined;
    if (typeof version === 'string' && TOKEN.test(version)) headers.set(VERSION_HEADER, version);
    const member = mirroredMember(method);
    const name = member === undefined ? undefined : params[member];
    if (typeof name === 'string') headers.set('mcp-name', encodeMirrored(name));
    const own = method === 'tools/call' ? mirrors.headersOf(params) : [];
    for (let i = 0; i < own.length; i += 2) headers.set(own[i]!, own[i + 1]!);
    return fetch(new Request(ENDPOINT, { method: 'POST', headers, body: text, signal }));
  }

  /** Asks the server for its tools on behalf of the client, to learn which arguments headers mirror. */
  async function listTools(_meta: unknown, signal: AbortSignal): Promise<void> {
    hasListed = true;
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const id = `wasmcp-node-tools-${page}`;
      const params = { _meta, ...(cursor !== undefined && { cursor }) };
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params });
      const response = readResponse(await post(text, { method: 'tools/list', params }, signal), [id]);
      for await (const line of response.lines) cursor = learn(line);
      if (cursor === undefined) return;
    }
  }

  /** Returns where the list goes on. */
  function learn(line: string): unknown {
    const { result } = JSON.parse(line) as Message & { readonly result?: JsonObject };
    if (!isObject(result)) return undefined;
    mirrors.learn(result.tools);
    return result.nextCursor;
  }

  async function respond(
    text: string,
    sent: Sent & { id: Id },
    signal: AbortSignal,
  ): Promise<ParsedResponse> {
    return readResponse(await post(text, sent, signal), [sent.id]);
  }

  return {
    async *send(text, message, signal) {
      const { id, method } = message;
      const params = isObject(message.params) ? message.params : {};
      const sent = { id, method, params };
      let parsed = await respond(text, sent, signal);
      for await (const line of parsed.lines) {
        if (method === 'tools/list') learn(line);
        else if (method === 'tools/call' && !hasListed && isMismatch(line)) {
          await listTools(params._meta, signal);
          parsed = await respond(text, sent, signal);
          yield* parsed.lines;
          break;
        }
        yield line;
      }
      return { isAnswered: parsed.unanswered.size === 0, problem: parsed.problem };
    },
  };
}

interface Sent {
  readonly method: string;
  readonly params: JsonObject;
}

/** Whether the line is the error for a header that is missing. */
function isMismatch(line: string): boolean {
  return (
    line.includes(String(HEADER_MISMATCH)) && (JSON.parse(line) as Message).error?.code === HEADER_MISMATCH
  );
}
