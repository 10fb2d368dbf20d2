import { contentLength, Fields } from './fields.ts';
import { OutgoingBody } from './outgoing-body.ts';

/** The resource `outgoing-response` of `wasi:http/types`. */
export class OutgoingResponse {
  readonly #headers: Fields;
  #status = 200;
  #body: OutgoingBody | undefined;

  constructor(headers: Fields) {
    this.#headers = Fields.adopt(headers);
  }

  statusCode(): number {
    return this.#status;
  }

  /** Fails outside 200 to 599: informational codes are not final (RFC 9110 section 15). */
  setStatusCode(status: number): void {
    if (status < 200 || status > 599) throw undefined;
    this.#status = status;
  }

  headers(): Fields {
    return this.#headers;
  }

  /** Once only; fails if the Content-Length is not one number. */
  body(): OutgoingBody {
    const length = contentLength(this.#headers);
    if (this.#body !== undefined || length === 'invalid') throw undefined;
    this.#body = new OutgoingBody('response', length, Fields.guest(this.#headers));
    return this.#body;
  }

  /** The host's side of the resource: the body, if the guest has requested it. */
  static content(response: OutgoingResponse): OutgoingBody | undefined {
    return response.#body;
  }

  /** The host's side of the resource: releases its head, which was sent; the body remains. */
  static sent(response: OutgoingResponse): void {
    Fields.release(response.#headers);
  }

  [Symbol.dispose](): void {
    if (this.#body !== undefined) OutgoingBody.abandon(this.#body);
    Fields.release(this.#headers);
  }
}
