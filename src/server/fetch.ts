import type { EngineOptions } from '../engine/engine.ts';
import type { Handler } from '../http/handler.ts';
import { header, headerPairs } from '../http/headers.ts';
import type { RequestObservers } from '../http/request-observers.ts';
import type { RequestRecord } from '../http/request-record.ts';
import type { ResponseWriter } from '../http/response.ts';
import type { AccessPolicy, GuestHead } from './access-policy/access-policy.ts';
import { withCors } from './access-policy/cors.ts';
import { LOST_BODY, lostBodyResponse } from './body-read-before.ts';
import type { BodyLimits } from './node-upload.ts';
import { recordedBody, recordedResponse, recordPlain } from './observe/recorded.ts';
import { failureResponse, type PlainResponse } from './plain.ts';
import { webUpload } from './web-upload.ts';

/** Statuses whose responses have no body (Fetch, "null body status"). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Serves `Request`s without a socket. `fetch` has no trailers, so they are dropped. */
export function createFetch(
  handle: Handler,
  policy: AccessPolicy,
  limits: BodyLimits,
  log: EngineOptions['log'],
  observers?: RequestObservers,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { signal } = request;
    signal.throwIfAborted();
    const head = headOf(request);
    const record = observers?.begin(head);
    record?.inSession(header(head.headers, 'mcp-session-id'));
    const admission = policy.admit(head);
    if ('response' in admission) {
      // Canceling a stream that has failed already rejects.
      request.body?.cancel().catch(() => {});
      return toResponse(admission.response, record);
    }
    if (request.bodyUsed || request.body?.locked) {
      void log?.('error', `${request.method} ${new URL(request.url).pathname}`, LOST_BODY);
      return toResponse(lostBodyResponse(admission.cors), record);
    }
    const body = request.body === null ? undefined : webUpload(request.body, limits);
    const responded = Promise.withResolvers<Response>();
    const target = createTarget(request, admission.cors, responded.resolve, () => call.cancel());
    const receivedAt = performance.now();
    const call =
      record === undefined
        ? handle({ ...admission.head, body, receivedAt }, target)
        : handle(
            { ...admission.head, body: recordedBody(record, body), receivedAt, record },
            recordedResponse(record, target),
          );
    if (record !== undefined) whenAborted(target.over, () => record.answered());
    const abort = (): void => {
      call.cancel();
      responded.reject(signal.reason);
      target.abort(signal.reason);
    };
    signal.addEventListener('abort', abort, { signal: target.over });
    return responded.promise;
  };
}

function toResponse(plain: PlainResponse, record: RequestRecord | undefined): Response {
  const { status, headers, body } = plain;
  recordPlain(record, plain);
  record?.answered();
  return new Response(NULL_BODY.has(status) ? null : body, { status, headers });
}

function whenAborted(signal: AbortSignal, report: () => void): void {
  if (signal.aborted) report();
  else signal.addEventListener('abort', report);
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
