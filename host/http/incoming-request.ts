import type { Guest } from '../guest.ts';
import type { ByteSource, FieldList } from '../io/source.ts';
import { Fields } from './fields.ts';
import { type IncomingBody, UntakenBody } from './incoming-body.ts';

/** A case of the variant `method` in `wasi:http/types`. */
export type Method =
  | { readonly tag: (typeof METHODS)[number] }
  | { readonly tag: 'other'; readonly val: string };

/** A case of the variant `scheme` in `wasi:http/types`. */
export type Scheme = { readonly tag: 'HTTP' | 'HTTPS' } | { readonly tag: 'other'; readonly val: string };

/** The head of a received request. */
export interface RequestHead {
  /** As the client sent it: methods are case-sensitive (RFC 9110 section 9.1). */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  /** May include fields of the connection and `host`, which guests do not see. */
  readonly headers: FieldList;
}

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'] as const;

const METHOD_CASES: ReadonlyMap<string, Method> = new Map(METHODS.map((tag) => [tag.toUpperCase(), { tag }]));

/** The resource `incoming-request` of `wasi:http/types`. */
export class IncomingRequest {
  readonly #head: RequestHead;
  readonly #body: UntakenBody;
  readonly #guest: Guest;
  #headers: Fields | undefined;

  constructor(guest: Guest, head: RequestHead, body: ByteSource) {
    this.#guest = guest;
    this.#head = head;
    this.#body = new UntakenBody(guest, body);
  }

  method(): Method {
    return METHOD_CASES.get(this.#head.method) ?? { tag: 'other', val: this.#head.method };
  }

  pathWithQuery(): string | undefined {
    return this.#head.pathWithQuery;
  }

  scheme(): Scheme {
    return { tag: this.#head.scheme === 'https' ? 'HTTPS' : 'HTTP' };
  }

  authority(): string | undefined {
    return this.#head.authority;
  }

  headers(): Fields {
    this.#headers ??= Fields.received(this.#head.headers, this.#guest);
    return this.#headers;
  }

  /** Once only. */
  consume(): IncomingBody {
    return this.#body.take();
  }

  [Symbol.dispose](): void {
    this.#body.drop();
    if (this.#headers !== undefined) Fields.release(this.#headers);
  }
}
