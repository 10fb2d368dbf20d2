import type { Handler } from '../../http/handler.ts';
import { wrapResponse } from '../../http/response.ts';

/** Where a server says who may give tokens for it (RFC 9728 section 3). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/**
 * `handle`, whose 401 without `WWW-Authenticate`, which every 401 has to have (RFC 9110 section 15.5.2), gets one that leads
 * clients to the metadata. `publicUrl` is where they find the server; without it, where they found it.
 */
export function withChallenge(handle: Handler, publicUrl: string | undefined): Handler {
  return (request, target) => {
    const base = publicUrl ?? `${request.scheme}://${request.authority}`;
    const challenged = wrapResponse(target, {
      head(status, headers) {
        const bare =
          status === 401 && !headers.some((name, i) => i % 2 === 0 && /^www-authenticate$/i.test(name));
        if (!bare) return target.head(status, headers);
        target.head(status, [
          ...headers,
          'WWW-Authenticate',
          `Bearer resource_metadata="${base}${METADATA_PATH}"`,
        ]);
      },
    });
    return handle(request, challenged);
  };
}
