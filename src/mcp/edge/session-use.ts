import type { Middleware } from '../../http/compose.ts';
import { header } from '../../http/headers.ts';
import { wrapResponse } from '../../http/response.ts';
import { SESSION_HEADER, sessionOf } from './session.ts';

/** Calls `used` with the session of each request, and with one that it opened, when it has finished. */
export function withSessionUse(used: (session: string) => void): Middleware {
  return (next) => (request, target) => {
    let session = sessionOf(request);
    return next(
      request,
      wrapResponse(target, {
        head(status, headers) {
          session ??= header(headers, SESSION_HEADER);
          target.head(status, headers);
        },
        finished() {
          if (session !== undefined) used(session);
          target.finished();
        },
      }),
    );
  };
}
