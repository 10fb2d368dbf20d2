import type { HttpErrorCode } from '../../io/error.ts';
import type { Scheme } from '../incoming-request.ts';

/** The destination of a request. */
export interface Destination {
  readonly scheme: 'http' | 'https';
  /** Lower case, an IPv4 address in dotted decimal, an IPv6 address without brackets, no trailing dot. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and a port that is not the scheme's default, as in a URL. */
  readonly origin: string;
}

/** Characters that end a host in a URL (WHATWG), and spaces, which a URL would drop: none may hide another host. */
const NOT_AN_AUTHORITY = /[\s/\\?#@]/;

/**
 * Normalizes the destination that a guest named, so that `0x7f.1`, `2130706433` and `127.0.0.1` are the same. A missing scheme
 * means HTTPS.
 *
 * Throws an `error-code`: `HTTP-request-URI-invalid` without an authority, or if it has a path, userinfo, spaces or an empty
 * label; `HTTP-protocol-error` for a scheme other than HTTP and HTTPS.
 */
export function destinationOf(scheme: Scheme | undefined, authority: string | undefined): Destination {
  if (scheme?.tag === 'other') throw { tag: 'HTTP-protocol-error' } satisfies HttpErrorCode;
  const name = scheme?.tag === 'HTTP' ? 'http' : 'https';
  const url =
    authority === undefined || NOT_AN_AUTHORITY.test(authority)
      ? undefined
      : (URL.parse(`${name}://${authority}/`) ?? undefined);
  const host = url?.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  // A resolver accepts a second trailing dot, patterns of names do not.
  if (url === undefined || host === undefined || /^$|\.$|\.\./.test(host)) {
    throw { tag: 'HTTP-request-URI-invalid' } satisfies HttpErrorCode;
  }
  const port = url.port === '' ? (name === 'http' ? 80 : 443) : Number(url.port);
  return { scheme: name, host, port, origin: url.origin };
}
