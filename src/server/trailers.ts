import { filterHeaders } from '../http/headers.ts';

/**
 * Fields that are not allowed in a trailer section (RFC 9110 section 6.5.1): a recipient that merges trailers into the head
 * would use them for framing, routing, authentication, cookies, conditions on the request, or to interpret the content. Also
 * fields that proxies add.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  // Framing and connections.
  ...['transfer-encoding', 'content-length', 'trailer', 'te', 'connection', 'keep-alive', 'upgrade'],
  ...['proxy-connection', 'http2-settings'],
  // Routing, and fields of proxies.
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
  // Interpretation of the content.
  ...['content-encoding', 'content-type', 'content-range', 'content-location', 'content-disposition'],
]);

/** Prefixes of names that are not allowed either. */
const FORBIDDEN_FAMILIES = /^(?:x-forwarded-|access-control-|sec-|:)/;

/** A flat list of trailers without the fields that are not allowed there. */
export function withoutForbidden(trailers: string[]): string[] {
  if (trailers.length === 0) return trailers;
  return filterHeaders(trailers, (name) => !FORBIDDEN.has(name) && !FORBIDDEN_FAMILIES.test(name));
}
