import type { IncomingMessage } from 'node:http';

/** RFC 3986 section 3.2 without userinfo, as RFC 9110 section 7.2 wants it. */
const HOST = /^(\[[0-9a-f:.]+\]|[\w\-.~!$&'()*+,;=%]*)(:\d*)?$/i;

/**
 * The status that a request is refused with before any guest sees it: for ambiguous framing and addressing that
 * `node:http` lets through, where request smuggling starts (RFC 9112 sections 3.2, 6.1 and 11.2), and for a body
 * that is announced as too large.
 */
export function refusal(request: IncomingMessage, maxBody: number): 400 | 413 | undefined {
  const { headersDistinct: headers, url = '', method } = request;
  const hosts = headers.host ?? [];
  if (hosts.length > 1 || !HOST.test(hosts[0] ?? '')) return 400;
  const codings = headers['transfer-encoding'];
  if (codings !== undefined && (codings.length !== 1 || codings[0]!.toLowerCase() !== 'chunked')) return 400;
  const isPath = url.startsWith('/') || (url === '*' && method === 'OPTIONS');
  if (!isPath && !agrees(url, hosts[0])) return 400;
  return Number(headers['content-length']?.[0]) > maxBody ? 413 : undefined;
}

/** An absolute-form target names the server again: the same one, or somebody on the way sees another. */
function agrees(target: string, host: string | undefined): boolean {
  const absolute = URL.parse(target);
  if (absolute === null || !/^https?:$/.test(absolute.protocol) || absolute.username !== '') return false;
  return absolute.host === URL.parse(`${absolute.protocol}//${host}`)?.host;
}

/** The path and query of a target that `refusal` let pass. */
export function pathOf(url: string): string {
  if (url.startsWith('/') || url === '*') return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}
