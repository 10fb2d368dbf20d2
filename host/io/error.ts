/** Why a stream broke, for people and, where a WASI package has codes of its own, for programs. */
export interface StreamFailure {
  readonly message: string;
  /** What `wasi:http/types#http-error-code` makes of it. */
  readonly http?: HttpErrorCode;
  /** What `wasi:filesystem/types#filesystem-error-code` makes of it. */
  readonly filesystem?: string;
}

/** A case of the variant `error-code` in `wasi:http/types`, such as `{ tag: 'HTTP-request-denied' }`. */
export interface HttpErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** The resource `error` of `wasi:io/error`. */
export class IoError {
  readonly failure: StreamFailure;

  constructor(failure: StreamFailure) {
    this.failure = failure;
  }

  toDebugString(): string {
    return this.failure.message;
  }
}
