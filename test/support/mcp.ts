/** A client as small as the curl lines of the README: one POST for each call, and the caller passes the session id. */
export interface McpAnswer {
  readonly status: number;
  readonly session: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: only tests read these JSON-RPC responses
  readonly body: any;
}

let nextId = 1;

export async function rpc(
  url: string,
  method: string,
  params: object = {},
  session?: string,
): Promise<McpAnswer> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session !== undefined && { 'mcp-session-id': session }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }),
  });
  const text = await response.text();
  const data = /^data: ?(.*)$/m.exec(text)?.[1] ?? text;
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? undefined,
    body: data === '' ? undefined : JSON.parse(data),
  };
}

/** The parameters of an `initialize`. */
export const INITIALIZE_PARAMS: object = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
};

/** Opens a session and returns its id. */
export async function initialize(url: string): Promise<string> {
  const { session } = await rpc(url, 'initialize', INITIALIZE_PARAMS);
  if (session === undefined) throw new Error('initialize returned no session id');
  return session;
}

/** The text that a tool returns. */
export async function callTool(
  url: string,
  session: string,
  name: string,
  args: object = {},
): Promise<string> {
  const { status, body } = await rpc(url, 'tools/call', { name, arguments: args }, session);
  const text = body?.result?.content?.[0]?.text;
  if (typeof text !== 'string') throw new Error(`${name} returned ${status} ${JSON.stringify(body)}`);
  return text;
}
