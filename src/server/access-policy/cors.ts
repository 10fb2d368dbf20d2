import { header } from '../../http/headers.ts';
import type { PlainResponse } from '../plain.ts';

/** Response headers of MCP servers that scripts need beyond the CORS-safelisted ones (Fetch). */
const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate';
/** For a preflight that names none. */
const REQUEST_HEADERS =
  'Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Protocol-Version, Mcp-Session-Id';
/** Seconds that a browser may cache a preflight: two hours, the maximum in Chromium. */
const MAX_AGE = '7200';

const NONE: Readonly<Record<string, string>> = {};
const VARY: Readonly<Record<string, string>> = { vary: 'Origin' };

/** The headers that let the page at `origin` read a response. A cacheable response says that it depends on the origin. */
export function corsHeaders(method: string, origin: string | undefined): Readonly<Record<string, string>> {
  if (origin === undefined) return method === 'GET' || method === 'HEAD' ? VARY : NONE;
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, ...VARY };
}

/** Adds `cors` to a guest's headers, unless the guest handles CORS itself. */
export function withCors(headers: string[], cors: Readonly<Record<string, string>>): string[] {
  if (cors === NONE) return headers;
  if (header(headers, 'access-control-allow-origin') !== undefined) return headers;
  // Each GET without an origin.
  if (cors === VARY) return [...headers, 'vary', 'Origin'];
  return [...headers, ...Object.entries(cors).flat()];
}

/** Fetch, "CORS-preflight request". */
export function isPreflight(method: string, headers: readonly string[]): boolean {
  return method === 'OPTIONS' && header(headers, 'access-control-request-method') !== undefined;
}

/** Allows whatever the page asks for. */
export function preflightResponse(origin: string, headers: readonly string[]): PlainResponse {
  const method = header(headers, 'access-control-request-method');
  const methods = new Set(['GET', 'POST', 'DELETE', method].filter((name) => name && isToken(name)));
  const asked = header(headers, 'access-control-request-headers')?.split(',');
  const names = asked?.map((name) => name.trim()).filter(isToken);
  return {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': [...methods].join(', '),
      'access-control-allow-headers': names?.join(', ') || REQUEST_HEADERS,
      'access-control-max-age': MAX_AGE,
      ...(header(headers, 'access-control-request-private-network') === 'true' && {
        'access-control-allow-private-network': 'true',
      }),
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    },
    body: '',
    unread: false,
  };
}

function isToken(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}
