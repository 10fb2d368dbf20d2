import type { HttpErrorCode } from '../io/error.ts';
import type { BodySink } from '../io/sink.ts';
import type { FieldList } from '../io/source.ts';

/** The head of a request as it came in. */
export interface RequestHead {
  /** `GET`, `POST`, …, as the client spelled it. */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  readonly headers: FieldList;
}

/** Where the response goes: `head` and then a body that ends or is aborted, or `error` alone. */
export interface ResponseSink extends BodySink {
  head(status: number, headers: FieldList): void;
  /** The guest answered with an error-code in place of a response. */
  error(code: HttpErrorCode): void;
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused'; readonly code: HttpErrorCode }
  | { readonly kind: 'unanswered' }
  /** The head was sent, the body was never finished or does not fit its Content-Length. */
  | { readonly kind: 'unfinished' };
