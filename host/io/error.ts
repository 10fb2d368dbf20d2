/** A case of the variant `error-code` in `wasi:http/types`, such as `{ tag: 'HTTP-request-denied' }`. */
export interface HttpErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** Why a stream failed: a human-readable message, and the code of the WASI package that has one. */
export interface StreamFailure {
  readonly message: string;
  /** Returned by `wasi:http/types#http-error-code`. */
  readonly http?: HttpErrorCode;
  /** Returned by `wasi:filesystem/types#filesystem-error-code`. */
  readonly filesystem?: string;
}

/** The resource `error` of `wasi:io/error`. Not a JavaScript `Error`: guests receive it as a value. */
export class IoError {
  readonly #failure: StreamFailure;

  constructor(failure: StreamFailure) {
    this.#failure = failure;
  }

  toDebugString(): string {
    return this.#failure.message;
  }

  /** The host's side of the resource. */
  static failure(error: IoError): StreamFailure {
    return error.#failure;
  }
}

/** A case of the variant `stream-error` in `wasi:io/streams`. */
export type StreamError =
  | { readonly tag: 'closed' }
  | { readonly tag: 'last-operation-failed'; readonly val: IoError };

/**
 * A stream has ended or failed. Returned instead of throwing `val`, for which V8 takes 3 µs, and most requests read a body to its end.
 * Glue takes a `result` in this form too.
 */
export interface StreamEnd {
  readonly tag: 'err';
  readonly val: StreamError;
}

/** Maps the end of a stream to its error: a failure is reported once, then the stream is closed. */
export function streamErrors(): (failure: StreamFailure | undefined) => StreamError {
  let reported = false;
  return (failure) => {
    if (failure === undefined || reported) return { tag: 'closed' };
    reported = true;
    return { tag: 'last-operation-failed', val: new IoError(failure) };
  };
}
