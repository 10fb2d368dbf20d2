import type { EngineOptions } from '../engine/engine.ts';
import type { Handler } from '../http/handler.ts';
import { headerPairs } from '../http/headers.ts';
import type { ResponseWriter } from '../http/response.ts';
import type { AccessPolicy, GuestHead } from './access-policy/access-policy.ts';
import { withCors } from './access-policy/cors.ts';
import { LOST_BODY, lostBodyResponse } from './body-read-before.ts';
import type { BodyLimits } from './node-upload.ts';
import { failureResponse } from './plain.ts';
import { webUpload } from './web-upload.ts';

/** Statuses whose responses have no body (Fetch, "null body status"). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Serves `Request`s without a socket. `fetch` has no trailers, so they are dropped. */
export function createFetch(
  handle: Handler,
  policy: AccessPolicy,
  limits: BodyLimits,
  log: EngineOptions['log'],
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { signal } = request;
    signal.throwIfAborted();
    const admission = policy.admit(headOf(request));
    if ('response' in admission) {
      const { status, headers, body } = admission.response;
      // Canceling a stream that has failed already rejects.
      request.body?.cancel().catch(() => {});
      return new Response(NULL_BODY.has(status) ? null : body, { status, headers });
    }
    if (request.bodyUsed || request.body?.locked) {
      void log?.('error', `${request.method} ${new URL(request.url).pathname}`, LOST_BODY);
      const { status, headers, body } = lostBodyResponse(admission.cors);
      return new Response(body, { status, headers });
    }
    const body = request.body === null ? undefined : webUpload(request.body, limits);
    const responded = Promise.withResolvers<Response>();
    const target = createTarget(request, admission.cors, responded.resolve, () => call.cancel());
    const call = handle({ ...admission.head, body, receivedAt: performance.now() }, target);
    const abort = (): void => {
      call.cancel();
      responded.reject(signal.reason);
      target.abort(signal.reason);
    };
    signal.addEventListener('abort', abort, { signal: target.over });
    return responded.promise;
  };
}

function headOf(request: Request): GuestHead {
  const url = new URL(request.url);
  return {
    method: request.method,
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    authority: url.host,
    path: url.pathname + url.search,
    headers: [...request.headers].flat(),
  };
}

interface FetchWriter extends ResponseWriter {
  /** The caller aborted: reading the body fails with `reason`. */
  abort(reason: unknown): void;
  /** Aborts once nothing more is delivered. */
  readonly over: AbortSignal;
}

/** Keeps the request: its signal follows that of the caller only as long as somebody does. */
function createTarget(
  request: Request,
  cors: Readonly<Record<string, string>>,
  respond: (response: Response) => void,
  cancelled: () => void,
): FetchWriter {
  const over = new AbortController();
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  let hasHead = false;
  /** Bytes that the reader has not taken yet. They are acknowledged when it asks for more. */
  let unread = 0;
  let acknowledged: (bytes: number) => void = () => {};

  function pull(): void {
    const bytes = unread;
    unread = 0;
    if (bytes > 0) acknowledged(bytes);
  }

  function cancel(): void {
    over.abort();
    cancelled();
  }

  return {
    over: over.signal,
    head(status, guestHeaders) {
      hasHead = true;
      const headers = withCors(guestHeaders, cors);
      const list = new Headers();
      for (const [name, value] of headerPairs(headers)) list.append(name, value);
      const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
        stream = controller;
      };
      const bodiless = request.method === 'HEAD' || NULL_BODY.has(status);
      const body = bodiless ? null : new ReadableStream<Uint8Array>({ start, pull, cancel });
      respond(new Response(body, { status, headers: list }));
    },
    chunk(bytes, report) {
      acknowledged = report;
      unread += bytes.length;
      if (stream === undefined) pull();
      else stream.enqueue(bytes);
    },
    end() {
      over.abort();
      stream?.close();
    },
    fail(error) {
      over.abort();
      const { status, headers, body } = failureResponse(error, cors);
      if (!hasHead) respond(new Response(request.method === 'HEAD' ? null : body, { status, headers }));
      else stream?.error(error);
    },
    finished() {},
    abort(reason) {
      over.abort();
      stream?.error(reason);
    },
  };
}
