/** A case of the variant `error-code` in `wasi:http/types`, such as `{ tag: 'HTTP-request-denied' }`. */
export interface HttpErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** Why a stream broke, for people and, where a WASI package has codes of its own, for programs. */
export interface StreamFailure {
  readonly message: string;
  /** What `wasi:http/types#http-error-code` makes of it. */
  readonly http?: HttpErrorCode;
  /** What `wasi:filesystem/types#filesystem-error-code` makes of it. */
  readonly filesystem?: string;
}

/** The resource `error` of `wasi:io/error`. Not a JavaScript `Error`: it is a value that guests get. */
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

/** How a stream ends for a guest: a failure is told once, afterwards the stream is closed. */
export function streamErrors(): (failure: StreamFailure | undefined) => StreamError {
  let told = false;
  return (failure) => {
    if (failure === undefined || told) return { tag: 'closed' };
    told = true;
    return { tag: 'last-operation-failed', val: new IoError(failure) };
  };
}
