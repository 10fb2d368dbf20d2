import { filterHeaders } from '../http/headers.ts';

/**
 * Fields that a trailer section may not carry (RFC 9110 section 6.5.1): whoever merges trailers into the head would take them
 * for framing, routing, authentication, cookies, conditions on the request, or how the content is to be read. Also those
 * that proxies add.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  // Framing and connections.
  ...['transfer-encoding', 'content-length', 'trailer', 'te', 'connection', 'keep-alive', 'upgrade'],
  ...['proxy-connection', 'http2-settings'],
  // Routing, and what proxies say.
  ...['host', 'forwarded', 'via', 'max-forwards', 'x-real-ip', 'x-original-url', 'x-rewrite-url', 'origin'],
  // Authentication and cookies.
  ...['authorization', 'www-authenticate', 'proxy-authorization', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info', 'cookie', 'set-cookie', 'mcp-session-id'],
  // Modifiers and conditions of requests.
  ...['cache-control', 'expect', 'pragma', 'range', 'if-match', 'if-none-match', 'if-modified-since'],
  ...['if-unmodified-since', 'if-range', 'mcp-protocol-version'],
  // Control of responses.
  ...['age', 'date', 'expires', 'location', 'retry-after', 'vary', 'warning', 'clear-site-data'],
  ...['strict-transport-security', 'content-security-policy'],
  // How content is read.
  ...['content-encoding', 'content-type', 'content-range', 'content-location', 'content-disposition'],
]);

/** And whole families. */
const FORBIDDEN_FAMILIES = /^(?:x-forwarded-|access-control-|sec-|:)/;

/** Trailers, as a flat list, without those that have no place there. */
export function withoutForbidden(trailers: string[]): string[] {
  if (trailers.length === 0) return trailers;
  return filterHeaders(trailers, (name) => !FORBIDDEN.has(name) && !FORBIDDEN_FAMILIES.test(name));
}
