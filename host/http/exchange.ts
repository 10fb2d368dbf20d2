import type { Guest } from '../guest.ts';
import type { HttpErrorCode } from '../io/error.ts';
import type { BodySink } from '../io/sink.ts';
import type { ByteSource, FieldList } from '../io/source.ts';
import { cutText } from '../text.ts';
import { contentLength } from './fields.ts';
import { IncomingRequest, type RequestHead } from './incoming-request.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { ResponseOutparam, type ResponseResult } from './response-outparam.ts';

/** Receives a response: `head`, chunks, then `end` or `abort`; or only `error`. */
export interface ResponseSink extends BodySink {
  head(status: number, headers: FieldList): void;
  /** The guest responded with an error-code, or with a response that cannot be sent. */
  error(code: HttpErrorCode): void;
}

/** The outcome of a request. */
export type Outcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused'; readonly code: HttpErrorCode }
  | { readonly kind: 'unanswered' }
  /** The head was sent; the body was not finished, or its length differs from its Content-Length. */
  | { readonly kind: 'unfinished' };

/** One request and the response of the guest: the arguments of its `wasi:http/incoming-handler#handle`. */
export interface Exchange {
  readonly request: IncomingRequest;
  readonly responseOut: ResponseOutparam;
  /** The outcome so far; final once `handle` has returned or thrown. */
  outcome(): Outcome;
}

/**
 * Prepares a request for a guest. `guest.release()` drops the rest of the request's body, and aborts a response that the guest
 * has not finished.
 */
export function createExchange(
  guest: Guest,
  head: RequestHead,
  requestBody: ByteSource,
  sink: ResponseSink,
): Exchange {
  let outcome: Outcome = { kind: 'unanswered' };
  let body: OutgoingBody | undefined;

  function refuse(code: HttpErrorCode): void {
    const shown = cutErrorCode(code);
    outcome = { kind: 'refused', code: shown };
    sink.error(shown);
  }

  function respond(result: ResponseResult): void {
    guest.check();
    if (result.tag === 'err') refuse(result.val);
    else if (lacksBody(head.method, result.val)) refuse({ tag: 'HTTP-response-body-size', val: 0n });
    else send(result.val);
  }

  function send(response: OutgoingResponse): void {
    body = OutgoingResponse.content(response);
    outcome = { kind: 'answered' };
    sink.head(response.statusCode(), response.headers().entries());
    OutgoingResponse.sent(response);
    if (body === undefined) sink.end();
    else OutgoingBody.send(body, guest, sink);
  }

  guest.onRelease(() => {
    requestBody.cancel();
    body?.[Symbol.dispose]();
  });

  return {
    request: new IncomingRequest(guest, head, requestBody),
    responseOut: new ResponseOutparam(respond),
    outcome: () =>
      body !== undefined && outcome.kind === 'answered' && OutgoingBody.state(body) !== 'finished'
        ? { kind: 'unfinished' }
        : outcome,
  };
}

/** Truncates the texts of an `error-code`, which guests choose, for messages. */
function cutErrorCode({ tag, val }: HttpErrorCode): HttpErrorCode {
  if (val === undefined) return { tag };
  if (typeof val === 'string') return { tag, val: cutText(val) };
  if (typeof val !== 'object' || val === null) return { tag, val };
  const parts = Object.entries(val).map(([name, part]) => [
    name,
    typeof part === 'string' ? cutText(part) : part,
  ]);
  return { tag, val: Object.fromEntries(parts) };
}

/** A Content-Length without a body would keep the client waiting; HEAD and 304 may have one (RFC 9110 section 8.6). */
function lacksBody(method: string, response: OutgoingResponse): boolean {
  if (OutgoingResponse.content(response) !== undefined) return false;
  const length = contentLength(response.headers());
  return length !== undefined && length !== 0 && method !== 'HEAD' && response.statusCode() !== 304;
}
