import type { GuestRequest } from '../../http/handler.ts';
import { header, withHeader } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';

export const SESSION_HEADER = 'mcp-session-id';

/** The session that a request names. */
export function sessionOf({ headers }: GuestRequest): string | undefined {
  return header(headers, SESSION_HEADER);
}

export function inSession(request: GuestRequest, session: string): GuestRequest {
  return { ...request, headers: withHeader(request.headers, SESSION_HEADER, session) };
}

/** A response that tells the client the id of its new session. */
export function withSessionHeader(target: ResponseWriter, session: string): ResponseWriter {
  return wrapResponse(target, {
    head: (status, headers) => target.head(status, withHeader(headers, 'Mcp-Session-Id', session)),
  });
}

/** Its body will not be read. */
export function discard({ body }: GuestRequest): void {
  if (body !== undefined && !(body instanceof Uint8Array)) body.stop();
}
