import type { Middleware } from '../../http/compose.ts';
import { wrapResponse } from '../../http/response.ts';
import { lacksChallenge } from '../wasmcp-quirks.ts';

/** Where a server says which authorization servers issue tokens for it (RFC 9728 section 3). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/**
 * Adds `WWW-Authenticate`, which leads clients to the metadata, to each 401 without one. `publicUrl` is where clients find
 * the server; without it, the address that the client used.
 */
export function withChallenge(publicUrl: string | undefined): Middleware {
  return (next) => (request, target) => {
    const base = publicUrl ?? `${request.scheme}://${request.authority}`;
    const challenged = wrapResponse(target, {
      head(status, headers) {
        if (!lacksChallenge(status, headers)) return target.head(status, headers);
        const challenge = `Bearer resource_metadata="${base}${METADATA_PATH}"`;
        target.head(status, [...headers, 'WWW-Authenticate', challenge]);
      },
    });
    return next(request, challenged);
  };
}
