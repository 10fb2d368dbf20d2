import type { GuestRequest, Handler, UploadReceiver } from '../../../src/http/handler.ts';
import { header } from '../../../src/http/headers.ts';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { type SessionOptions, withSessions } from '../../../src/mcp/pipeline.ts';

// biome-ignore lint/suspicious/noExplicitAny: protocol messages are looked at by tests only
export type Json = any;

/** The edge with the default limits of servers. */
export function edgeOf(
  handle: Handler,
  options: Pick<SessionOptions, 'mode' | 'queue'> & Partial<SessionOptions>,
): Handler {
  return withSessions({ timeout: 30_000, inputWait: 300_000, ...options })(handle);
}

/** A request as it reached the guest. */
export interface Seen {
  readonly method: string;
  /** The headers, names in lower case, several of one name joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  /** The parsed text, if it is JSON. */
  readonly message: Json;
  readonly session: string | undefined;
  readonly target: ResponseWriter;
  /** Whether the client has gone. */
  readonly gone: boolean;
}

/** A guest played by a test: a `Handler` that reads the whole body, then calls `respond`. */
export interface PlayedGuest {
  readonly handle: Handler;
  readonly seen: readonly Seen[];
  /** A summary of the requests: the method of the message or of HTTP, and the session. */
  asked(): string[];
}

export function playGuest(respond: (request: Seen) => void): PlayedGuest {
  const seen: Seen[] = [];

  function take(
    request: GuestRequest,
    target: ResponseWriter,
    bytes: Uint8Array,
    state: { gone: boolean },
  ): void {
    const text = Buffer.from(bytes).toString();
    const headers = new Map<string, string>();
    for (let i = 0; i < request.headers.length; i += 2) {
      const name = request.headers[i]!.toLowerCase();
      const before = headers.get(name);
      headers.set(
        name,
        before === undefined ? request.headers[i + 1]! : `${before}, ${request.headers[i + 1]}`,
      );
    }
    const one: Seen = {
      method: request.method,
      headers,
      text,
      message: parse(text),
      session: headers.get('mcp-session-id'),
      target,
      get gone() {
        return state.gone;
      },
    };
    seen.push(one);
    respond(one);
  }

  return {
    seen,
    asked: () =>
      seen.map(({ method, message, session }) => {
        const what = method === 'POST' ? (message?.method ?? 'a response') : method;
        return session === undefined ? what : `${what} in ${session}`;
      }),
    handle(request, target) {
      const state = { gone: false };
      const { body } = request;
      if (body === undefined || body instanceof Uint8Array) {
        take(request, target, body ?? new Uint8Array(), state);
      } else {
        const parts: Uint8Array[] = [];
        const receiver: UploadReceiver = {
          data: (bytes) => parts.push(new Uint8Array(bytes)) > 0,
          end: () => take(request, target, Buffer.concat(parts), state),
          fail(error) {
            if (error !== undefined) target.fail(error);
          },
        };
        body.start(receiver);
      }
      return {
        cancel() {
          state.gone = true;
        },
        stop() {
          state.gone = true;
        },
      };
    },
  };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Responds with a body, and finishes. */
export function reply(
  { target }: Seen,
  status: number,
  body: string,
  headers: readonly string[] = ['content-type', 'application/json'],
): void {
  target.head(status, [...headers]);
  if (body !== '') target.chunk(Buffer.from(body), () => {});
  target.end([]);
  target.finished();
}

/** Responds with a result. */
export function replyResult(request: Seen, result: unknown, headers: readonly string[] = []): void {
  const message = JSON.stringify({ jsonrpc: '2.0', id: request.message.id, result });
  reply(request, 200, message, ['content-type', 'application/json', ...headers]);
}

export interface Answered {
  readonly status: number;
  readonly headers: readonly string[];
  readonly text: string;
  /** Code of the failure that the engine or the edge reported. */
  readonly failure: string | undefined;
  readonly session: string | undefined;
  readonly json: Json;
}

export interface Asking {
  readonly answer: Promise<Answered>;
  leave(): void;
}

/** Sends a client's request, and collects the response. */
export function ask(
  handle: Handler,
  body: GuestRequest['body'] | string,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
  receivedAt: number = performance.now(),
): Asking {
  const { promise, resolve } = Promise.withResolvers<Answered>();
  let head: { status: number; headers: string[] } = { status: 0, headers: [] };
  const parts: Uint8Array[] = [];
  const done = (failure?: string): void => {
    const text = Buffer.concat(parts).toString();
    const session = header(head.headers, 'mcp-session-id');
    resolve({ ...head, text, failure, session, json: parse(text) });
  };
  const call = handle(
    {
      method,
      scheme: 'http',
      authority: 'localhost',
      path: '/mcp',
      headers: Object.entries(headers).flat(),
      body: typeof body === 'string' ? Buffer.from(body) : body,
      receivedAt,
    },
    {
      head(status, list) {
        head = { status, headers: list };
      },
      chunk(bytes, acknowledged) {
        parts.push(new Uint8Array(bytes));
        acknowledged(bytes.length);
      },
      end: () => done(),
      fail: (error) => done(error.code),
      finished() {},
    },
  );
  return { answer: promise, leave: () => call.cancel() };
}
