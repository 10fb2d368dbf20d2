import { onTestFinished } from 'vitest';
import { readEvents } from '../../../src/mcp/stdio/event-stream.ts';

/** What a client of an earlier revision gets for one request, message by message. */
export interface LegacyResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The next message; undefined at the end. */
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  next(): Promise<any>;
  /** The last message. */
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  last(): Promise<any>;
  leave(): void;
}

export interface LegacyClient {
  readonly session: string;
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  readonly initialized: any;
  post(message: object | string, headers?: Readonly<Record<string, string>>): Promise<LegacyResponse>;
  request(method: string, params?: object, id?: unknown): Promise<LegacyResponse>;
  /** The text that a tool returns. */
  call(name: string, args?: object): Promise<string>;
  /** Opens the stream of notifications. */
  get(): Promise<LegacyResponse>;
  delete(): Promise<number>;
  /** The same client, whose requests go to another host. */
  at(url: string): LegacyClient;
}

const TYPES = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export async function exchange(url: string, init: RequestInit): Promise<LegacyResponse> {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(`${url}/mcp`, { ...init, signal: controller.signal });
  const messages = read(response);
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  const next = async (): Promise<any> => (await messages.next()).value;
  return {
    status: response.status,
    headers: response.headers,
    next,
    async last() {
      let last: unknown;
      for (let one = await next(); one !== undefined; one = await next()) last = one;
      return last;
    },
    leave: () => controller.abort(),
  };
}

async function* read(response: Response): AsyncGenerator<unknown, undefined> {
  if (response.body === null) return undefined;
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    for await (const data of readEvents(response.body, 1e6)) yield JSON.parse(data);
    return undefined;
  }
  const text = await response.text();
  if (text !== '') yield text.startsWith('{') ? JSON.parse(text) : text;
  return undefined;
}

/** Begins as clients of revisions up to 2025-11-25 do. */
export async function connect(
  url: string,
  capabilities: object = {},
  headers: Readonly<Record<string, string>> = {},
  protocolVersion = '2025-11-25',
): Promise<LegacyClient> {
  const all = { ...TYPES, 'mcp-protocol-version': protocolVersion, ...headers };
  const params = { protocolVersion, capabilities, clientInfo: { name: 'old', version: '7' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const response = await exchange(url, { method: 'POST', headers: { ...TYPES, ...headers }, body });
  const { result: initialized, error } = await response.last();
  const session = response.headers.get('mcp-session-id');
  if (session === null)
    throw new Error(`initialize was refused: ${response.status} ${JSON.stringify(error)}`);
  const client = clientAt(url, { ...all, 'mcp-session-id': session }, session, initialized);
  await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return client;
}

function clientAt(
  url: string,
  own: Readonly<Record<string, string>>,
  session: string,
  initialized: unknown,
): LegacyClient {
  let nextId = 1;
  const client: LegacyClient = {
    session,
    initialized,
    at: (other) => clientAt(other, own, session, initialized),
    post: (message, more = {}) =>
      exchange(url, {
        method: 'POST',
        headers: { ...own, ...more },
        body: typeof message === 'string' ? message : JSON.stringify(message),
      }),
    request: (method, asked = {}, id = nextId++) =>
      client.post({ jsonrpc: '2.0', id, method, params: asked }),
    async call(name, args = {}) {
      const response = await client.request('tools/call', { name, arguments: args });
      const { result, error } = await response.last();
      if (error !== undefined) throw new Error(JSON.stringify(error));
      return result.content[0].text;
    },
    get: () => exchange(url, { method: 'GET', headers: { ...own, accept: 'text/event-stream' } }),
    async delete() {
      return (await exchange(url, { method: 'DELETE', headers: own })).status;
    },
  };
  return client;
}
