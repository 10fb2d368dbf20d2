import type { Json } from './client.ts';

export type Answer = Response | Promise<Response>;

/** A server that answers each message by its method; responses and unknown methods get 202. */
export function server(methods: Record<string, (message: Json, request: Request) => Answer>) {
  return async (request: Request): Promise<Response> => {
    const message = await request.clone().json();
    return methods[message.method]?.(message, request) ?? new Response(null, { status: 202 });
  };
}

export function json(value: object, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify({ jsonrpc: '2.0', ...value }), init);
}

export function events(...messages: object[]): Response {
  const text = messages.map((message) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
  return new Response(text.join(''), { headers: { 'content-type': 'text/event-stream' } });
}
