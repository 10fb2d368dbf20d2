import type { IncomingMessage } from 'node:http';
import { headerValues } from '../http/headers.ts';
import { isAuthority } from './access-policy/authority.ts';

/**
 * Whether an intermediary may interpret a request differently: versions, framing and targets that `node:http` accepts and
 * that make request smuggling possible (RFC 9112 sections 2.3, 3.2, 6.1 and 11.2).
 */
export function isAmbiguous(request: IncomingMessage): boolean {
  const { rawHeaders, url = '', method, httpVersion } = request;
  // Node's parser treats HTTP/0.9 and HTTP/2.0 like these.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return true;
  const hosts = headerValues(rawHeaders, 'host');
  // No Host: HTTP/1.0, as sent by health checks.
  if (hosts.length > 1 || !hosts.every(isAuthority)) return true;
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  if (codings.length > 1 || codings.some((coding) => coding.toLowerCase() !== 'chunked')) return true;
  // HTTP/1.0 has no such field: an intermediary may expect the body to end elsewhere.
  if (codings.length > 0 && httpVersion === '1.0') return true;
  const isPath = url.startsWith('/') || (url === '*' && method === 'OPTIONS');
  return !isPath && !agrees(url, hosts[0]);
}

/** Whether the announced length of the body is above the limit. */
export function isTooLarge(request: IncomingMessage, maxBody: number): boolean {
  return Number(request.headers['content-length']) > maxBody;
}

/** Whether an absolute-form target names the same server as `Host`; otherwise an intermediary may use the other one. */
function agrees(target: string, host: string | undefined): boolean {
  const absolute = URL.parse(target);
  if (absolute === null || !/^https?:$/.test(absolute.protocol) || absolute.username !== '') return false;
  return absolute.host === URL.parse(`${absolute.protocol}//${host}`)?.host;
}

/** Path and query of a target that is not ambiguous. */
export function pathOf(url: string): string {
  if (url.startsWith('/') || url === '*') return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}
