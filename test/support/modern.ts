/** A request of 2026-07-28, whose headers and body a test may falsify. */
export interface ModernRequest {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly id?: unknown;
  /** In addition to what the specification requires, or instead of it; undefined takes one away. */
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface ModernText {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
export const PROGRESS_TOKEN = 'progressToken';

export function modernText({
  method,
  params = {},
  id = 1,
  meta = {},
  headers = {},
}: ModernRequest): ModernText {
  const name = params.name ?? params.uri ?? params.taskId;
  const all = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
    ...headers,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const described = { [VERSION]: '2026-07-28', [CAPABILITIES]: {}, ...meta };
  return {
    headers: Object.fromEntries(given),
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { _meta: described, ...params } }),
  };
}

export interface ModernAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** All messages: those of a stream, or the only one. */
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  readonly messages: any[];
  /** The last one. */
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
  readonly body: any;
}

export async function modern(
  url: string,
  request: ModernRequest,
  signal?: AbortSignal,
): Promise<ModernAnswer> {
  const { headers, body } = modernText(request);
  const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body, ...(signal && { signal }) });
  const text = await response.text();
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data!);
  const streams = response.headers.get('content-type')?.startsWith('text/event-stream');
  const messages = (streams ? events : text === '' ? [] : [text]).map((one) => JSON.parse(one));
  return { status: response.status, headers: response.headers, messages, body: messages.at(-1) };
}

/** Calls a tool. */
export function callModern(
  url: string,
  name: string,
  args: object = {},
  request: Omit<ModernRequest, 'method' | 'params'> = {},
): Promise<ModernAnswer> {
  return modern(url, { ...request, method: 'tools/call', params: { name, arguments: args } });
}
