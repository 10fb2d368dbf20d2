import { UNKNOWN_VERSION_STATUS, VERSION_HEADER } from '../wasmcp-quirks.ts';
import type { Message } from './json-rpc.ts';

/** A client of Streamable HTTP. It speaks the protocol version that the server agreed to. */
export interface HttpClient {
  protocolVersion: string | undefined;
  /** Sends an `initialize`, outside any session. */
  initialize(text: string, message: Message): Promise<Response>;
  post(session: string | undefined, text: string): Promise<Response>;
  delete(session: string): Promise<Response>;
}

/** No socket is involved: every server takes this host for a local one. */
export const ENDPOINT = 'http://localhost/mcp';

export function createHttpClient(fetch: (request: Request) => Promise<Response>): HttpClient {
  function send(method: 'POST' | 'DELETE', session: string | undefined, text?: string): Promise<Response> {
    const headers = new Headers({ accept: 'application/json, text/event-stream' });
    if (text !== undefined) headers.set('content-type', 'application/json');
    if (client.protocolVersion !== undefined) headers.set(VERSION_HEADER, client.protocolVersion);
    if (session !== undefined) headers.set('mcp-session-id', session);
    return fetch(new Request(ENDPOINT, { method, headers, body: text ?? null }));
  }

  const client: HttpClient = {
    protocolVersion: undefined,
    async initialize(text, message) {
      const wanted = message.params?.protocolVersion;
      client.protocolVersion = typeof wanted === 'string' && /^[\w.-]+$/.test(wanted) ? wanted : undefined;
      const response = await send('POST', undefined, text);
      if (response.status !== UNKNOWN_VERSION_STATUS || client.protocolVersion === undefined) return response;
      await response.body?.cancel();
      client.protocolVersion = undefined;
      return send('POST', undefined, text);
    },
    post: (session, text) => send('POST', session, text),
    delete: (session) => send('DELETE', session),
  };
  return client;
}
