import { contentLength, Fields } from './fields.ts';
import type { Method, Scheme } from './incoming-request.ts';
import { OutgoingBody } from './outgoing-body.ts';

/** Maximum length of a method, scheme, authority, or path with query in UTF-16 code units, as in wasmtime. */
const MAX_TEXT = 65_534;
/** RFC 9110 section 9.1: a token. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986 section 3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** RFC 3986 section 3.2 without userinfo, which must not be sent (RFC 9110 section 4.2.4). */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?$/;
/** RFC 3986 sections 3.3 and 3.4, and `*` of OPTIONS; characters that browsers send unescaped are allowed. */
const PATH_WITH_QUERY = /^(?:\*|[/?][!-"$-~\u0080-\uffff]*)?$/;

/** The resource `outgoing-request` of `wasi:http/types`. */
export class OutgoingRequest {
  readonly #headers: Fields;
  #method: Method = { tag: 'get' };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #body: OutgoingBody | undefined;
  /** Bytes charged for the texts of its head. */
  #charged = 0;

  constructor(headers: Fields) {
    this.#headers = Fields.adopt(headers);
  }

  /** Once only; fails if the Content-Length is not one number. */
  body(): OutgoingBody {
    const length = contentLength(this.#headers);
    if (this.#body !== undefined || length === 'invalid') throw undefined;
    this.#body = new OutgoingBody('request', length, Fields.guest(this.#headers));
    return this.#body;
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (method.tag === 'other' && !(fits(method.val) && METHOD.test(method.val))) throw undefined;
    this.#pay(textOf(this.#method), textOf(method));
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    if (pathWithQuery !== undefined && !(fits(pathWithQuery) && PATH_WITH_QUERY.test(pathWithQuery)))
      throw undefined;
    this.#pay(this.#pathWithQuery, pathWithQuery);
    this.#pathWithQuery = pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme?.tag === 'other' && !(fits(scheme.val) && SCHEME.test(scheme.val))) throw undefined;
    this.#pay(textOf(this.#scheme), textOf(scheme));
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && !(fits(authority) && AUTHORITY.test(authority))) throw undefined;
    this.#pay(this.#authority, authority);
    this.#authority = authority;
  }

  headers(): Fields {
    return this.#headers;
  }

  /** The host's side of the resource: the body, if the guest has requested it. */
  static content(request: OutgoingRequest): OutgoingBody | undefined {
    return request.#body;
  }

  /** The host's side of the resource: releases its head, which was sent; the body remains. */
  static sent(request: OutgoingRequest): void {
    Fields.guest(request.#headers)?.budget.release(request.#charged);
    request.#charged = 0;
    Fields.release(request.#headers);
  }

  [Symbol.dispose](): void {
    if (this.#body !== undefined) OutgoingBody.abandon(this.#body);
    OutgoingRequest.sent(this);
  }

  /** Charges a text that replaces another. Beyond the budget the call fails. */
  #pay(before: string | undefined, after: string | undefined): void {
    const bytes = 2 * ((after?.length ?? 0) - (before?.length ?? 0));
    const budget = Fields.guest(this.#headers)?.budget;
    if (bytes > 0 && budget?.tryCharge(bytes) === false) throw undefined;
    if (bytes < 0) budget?.release(-bytes);
    this.#charged += bytes;
  }
}

function fits(text: string): boolean {
  return text.length <= MAX_TEXT;
}

/** The text of a method or scheme that a guest chose. */
function textOf(value: Method | Scheme | undefined): string | undefined {
  return value?.tag === 'other' ? value.val : undefined;
}
