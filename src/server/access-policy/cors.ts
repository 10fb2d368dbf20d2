import { header } from '../../http/headers.ts';
import type { PlainAnswer } from '../plain.ts';

/** What scripts need of an MCP server's answers, beyond what every page may read (Fetch, "CORS-safelisted"). */
const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate';
/** For a page that does not say which it means. */
const REQUEST_HEADERS =
  'Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Protocol-Version, Mcp-Session-Id';
/** Seconds that a browser may remember a preflight: two hours, the most that Chromium accepts. */
const MAX_AGE = '7200';

const NONE: Readonly<Record<string, string>> = {};
const VARY: Readonly<Record<string, string>> = { vary: 'Origin' };

/** What an answer carries for the page that asked. Answers that caches may keep tell that they depend on it. */
export function corsHeaders(method: string, origin: string | undefined): Readonly<Record<string, string>> {
  if (origin === undefined) return method === 'GET' || method === 'HEAD' ? VARY : NONE;
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, ...VARY };
}

/** A guest's headers with those of ours; one that names origins itself has its own way with pages. */
export function withCors(headers: string[], cors: Readonly<Record<string, string>>): string[] {
  if (cors === NONE) return headers;
  if (header(headers, 'access-control-allow-origin') !== undefined) return headers;
  return [...headers, ...Object.entries(cors).flat()];
}

/** Whether a browser asks if a page may (Fetch, "CORS-preflight request"). */
export function isPreflight(method: string, headers: readonly string[]): boolean {
  return method === 'OPTIONS' && header(headers, 'access-control-request-method') !== undefined;
}

/** Yes, to whatever this page asks for. */
export function preflightAnswer(origin: string, headers: readonly string[]): PlainAnswer {
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
