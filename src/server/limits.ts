import type { IncomingMessage } from 'node:http';
import { WasmcpError } from '../../host/index.ts';

/** A request as the front refuses it, before any guest sees it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * Ambiguous framing and addressing that `node:http` lets through: request smuggling starts here
 * (RFC 9112 sections 3.2, 6.1 and 11.2).
 */
export function refusal(request: IncomingMessage, maxBody: number): Refusal | undefined {
  const { headersDistinct: headers, url = '', method } = request;
  const hosts = headers.host ?? [];
  if (hosts.length > 1) return { status: 400, message: 'more than one Host header' };
  const codings = headers['transfer-encoding'];
  if (codings !== undefined && (codings.length !== 1 || codings[0]!.toLowerCase() !== 'chunked')) {
    return { status: 400, message: 'a Transfer-Encoding other than chunked' };
  }
  if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    const target = URL.parse(url);
    if (target === null || !/^https?:$/.test(target.protocol) || target.host !== hosts[0]?.toLowerCase()) {
      return { status: 400, message: 'a request target that is no path and does not agree with Host' };
    }
  }
  if (Number(headers['content-length']?.[0]) > maxBody) {
    return { status: 413, message: `a body above ${maxBody} bytes` };
  }
  return undefined;
}

/** The path and query of a target that `refusal` let pass. */
export function pathOf(url: string): string {
  if (url.startsWith('/') || url === '*') return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** The same bytes; fails with `body-too-large` once there are more than `maxBody`. */
export async function* limited(
  body: AsyncIterable<Uint8Array>,
  maxBody: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const bytes of body) {
    length += bytes.length;
    if (length > maxBody) throw new WasmcpError('body-too-large', `the body is above ${maxBody} bytes`);
    yield bytes;
  }
}
