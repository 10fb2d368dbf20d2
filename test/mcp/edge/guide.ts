// biome-ignore lint/suspicious/noExplicitAny: protocol messages are looked at by tests only
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly session: string | undefined;
  readonly type: string | undefined;
  readonly json: Json;
}

export function requestOf(url: string, message: object, session: string | undefined): Request {
  const headers = { 'content-type': 'application/json', ...(session && { 'mcp-session-id': session }) };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? undefined,
    type: response.headers.get('content-type') ?? undefined,
    json: text === '' ? undefined : JSON.parse(text),
  };
}

/** The first match in a stream. */
export async function next(
  stream: ReadableStreamDefaultReader<string>,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  let text = '';
  for (;;) {
    const { done, value } = await stream.read();
    if (done) throw new Error(`the stream ended after ${text}`);
    text += value;
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
}

export function callOf(name: string, args: object = {}): object {
  return { id: 1, method: 'tools/call', params: { name, arguments: args } };
}
