import type { Guest } from '../../guest.ts';
import type { HttpErrorCode } from '../../io/error.ts';
import type { HostOptions, Implementation } from '../../options.ts';
import { contentLength, type Fields } from '../fields.ts';
import { FutureIncomingResponse, type PendingResponse } from '../incoming-response.ts';
import { OutgoingRequest } from '../outgoing-request.ts';
import type { RequestOptions } from '../request-options.ts';
import { destinationOf } from './destination.ts';
import { type GuestRequestParts, startGuestRequest } from './guest-request.ts';
import { timeoutsOf } from './timeouts.ts';
import type { SentRequest } from './transport.ts';

/** Maximum number of concurrent requests of one guest; one more fails as `connection-limit-reached`. */
const MAX_UNDER_WAY = 64;

/** `wasi:http/outgoing-handler` for one guest; without `outgoing` every request is denied. Throws `error-code`s. */
export function outgoingHandler(
  guest: Guest,
  { outgoing, pass = (release) => release() }: Pick<HostOptions, 'outgoing' | 'pass'>,
): Implementation {
  let underWay = 0;

  function start(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse {
    if (outgoing === undefined) throw { tag: 'HTTP-request-denied' } satisfies HttpErrorCode;
    if (underWay >= MAX_UNDER_WAY) throw { tag: 'connection-limit-reached' } satisfies HttpErrorCode;
    const head = headOf(request);
    if (!guest.descriptors.take()) throw { tag: 'connection-limit-reached' } satisfies HttpErrorCode;
    const pending = startOrGive(guest, {
      guest,
      outgoing,
      pass,
      request: head,
      body: OutgoingRequest.content(request),
      timeouts: timeoutsOf(options),
      over() {
        underWay -= 1;
        guest.descriptors.give();
      },
    });
    underWay += 1;
    OutgoingRequest.sent(request);
    return new FutureIncomingResponse(guest, pending);
  }

  return {
    handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse {
      guest.checkDependent();
      try {
        return start(request, options);
      } catch (error) {
        request[Symbol.dispose]();
        throw error;
      }
    },
  };
}

/** A request that is refused immediately has no connection, and returns its descriptor. */
function startOrGive(guest: Guest, parts: GuestRequestParts): PendingResponse {
  try {
    return startGuestRequest(parts);
  } catch (error) {
    guest.descriptors.give();
    throw error;
  }
}

function headOf(request: OutgoingRequest): Omit<SentRequest, 'body' | 'allowed'> {
  const destination = destinationOf(request.scheme(), request.authority());
  const method = request.method();
  const name = method.tag === 'other' ? method.val : method.tag.toUpperCase();
  // CONNECT requests a tunnel, which `incoming-response` cannot represent.
  if (name === 'CONNECT') throw { tag: 'HTTP-request-method-invalid' } satisfies HttpErrorCode;
  const length = contentLength(request.headers());
  const bodiless = OutgoingRequest.content(request) === undefined;
  if (length === 'invalid' || (bodiless && length !== undefined && length > 0)) {
    throw { tag: 'HTTP-request-body-size', val: undefined } satisfies HttpErrorCode;
  }
  return {
    destination,
    method: name,
    path: pathOf(request.pathWithQuery()),
    headers: headersOf(request.headers()),
  };
}

/** RFC 9112 section 3.2.1: an empty path is sent as `/`; non-ASCII characters are percent-encoded (RFC 3986). */
function pathOf(text: string | undefined): string {
  const path = text === undefined || text === '' ? '/' : text.startsWith('?') ? `/${text}` : text;
  // A server-wide OPTIONS, which undici cannot send.
  if (path === '*') throw { tag: 'HTTP-request-URI-invalid' } satisfies HttpErrorCode;
  return path.replace(/[^!-~]/gu, encodeURIComponent);
}

/**
 * All fields except `expect`, as we do not wait for 100 (Continue), `trailer`, as trailers are not sent, and repetitions of
 * `content-length`.
 */
function headersOf(fields: Fields): string[] {
  const flat: string[] = [];
  let sized = false;
  for (const [name, value] of fields.entries()) {
    const key = name.toLowerCase();
    if (key === 'expect' || key === 'trailer' || (key === 'content-length' && sized)) continue;
    sized ||= key === 'content-length';
    flat.push(name, Buffer.from(value).toString('latin1'));
  }
  return flat;
}
