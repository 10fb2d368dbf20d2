import { contentLength, type Fields } from './fields.ts';
import type { Method, Scheme } from './incoming-request.ts';
import { OutgoingBody } from './outgoing-body.ts';

/** RFC 9110 section 9.1: a token. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986 section 3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** RFC 3986 section 3.2 without userinfo, which HTTP forbids to send (RFC 9110 section 4.2.4). */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?$/;
/** RFC 3986 sections 3.3 and 3.4, and `*` of OPTIONS; characters that browsers send unescaped are let through. */
const PATH_WITH_QUERY = /^(?:\*|[/?][!-"$-~\u0080-\uffff]*)?$/;

/** The resource `outgoing-request` of `wasi:http/types`. */
export class OutgoingRequest {
  readonly #headers: Fields;
  #method: Method = { tag: 'get' };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #body: OutgoingBody | undefined;

  constructor(headers: Fields) {
    this.#headers = headers.frozen();
  }

  /** Once only; fails when the Content-Length is not one number. */
  body(): OutgoingBody {
    const length = contentLength(this.#headers);
    if (this.#body !== undefined || length === 'invalid') throw undefined;
    this.#body = new OutgoingBody('request', length);
    return this.#body;
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (method.tag === 'other' && !METHOD.test(method.val)) throw undefined;
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    if (pathWithQuery !== undefined && !PATH_WITH_QUERY.test(pathWithQuery)) throw undefined;
    this.#pathWithQuery = pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme?.tag === 'other' && !SCHEME.test(scheme.val)) throw undefined;
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && !AUTHORITY.test(authority)) throw undefined;
    this.#authority = authority;
  }

  headers(): Fields {
    return this.#headers;
  }

  /** The host's side of the resource: the body, when the guest asked for it. */
  static content(request: OutgoingRequest): OutgoingBody | undefined {
    return request.#body;
  }

  [Symbol.dispose](): void {}
}
