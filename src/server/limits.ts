import type { IncomingMessage } from 'node:http';
import { headerValues } from '../http/headers.ts';
import { isAuthority } from './access-policy/authority.ts';

/**
 * Whether somebody on the way may read a request differently: versions, framing and addressing that `node:http` lets
 * through, where request smuggling starts (RFC 9112 sections 2.3, 3.2, 6.1 and 11.2).
 */
export function isAmbiguous(request: IncomingMessage): boolean {
  const { rawHeaders, url = '', method, httpVersion } = request;
  // Node's parser reads HTTP/0.9 and HTTP/2.0 as if they were written like these.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return true;
  const hosts = headerValues(rawHeaders, 'host');
  // Without any: HTTP/1.0, as health checks speak it.
  if (hosts.length > 1 || !hosts.every(isAuthority)) return true;
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  if (codings.length > 1 || codings.some((coding) => coding.toLowerCase() !== 'chunked')) return true;
  // HTTP/1.0 has no such field: somebody on the way may take the body to end elsewhere.
  if (codings.length > 0 && httpVersion === '1.0') return true;
  const isPath = url.startsWith('/') || (url === '*' && method === 'OPTIONS');
  return !isPath && !agrees(url, hosts[0]);
}

/** Whether a body is announced that is too large. */
export function isTooLarge(request: IncomingMessage, maxBody: number): boolean {
  return Number(request.headers['content-length']) > maxBody;
}

/** An absolute-form target names the server again: the same one, or somebody on the way sees another. */
function agrees(target: string, host: string | undefined): boolean {
  const absolute = URL.parse(target);
  if (absolute === null || !/^https?:$/.test(absolute.protocol) || absolute.username !== '') return false;
  return absolute.host === URL.parse(`${absolute.protocol}//${host}`)?.host;
}

/** The path and query of a target that is not ambiguous. */
export function pathOf(url: string): string {
  if (url.startsWith('/') || url === '*') return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}
