/** The stable code of an expected failure. */
export type WasmcpErrorCode =
  | 'component-not-found'
  | 'component-invalid'
  | 'component-too-large'
  | 'component-unlinkable'
  | 'cache-unusable'
  | 'runtime-unsupported'
  | 'option-invalid'
  | 'address-unusable'
  | 'server-not-ready'
  | 'directory-unusable'
  | 'store-unusable'
  | 'store-newer-schema'
  | 'store-busy'
  | 'store-full'
  | 'store-broken'
  | 'store-unavailable'
  | 'store-outcome-unknown'
  | 'store-limit'
  | 'store-closed'
  | 'lease-lost'
  | 'session-unknown'
  | 'session-ended'
  | 'session-busy'
  | 'value-refused'
  | 'bucket-name-invalid'
  | 'bucket-denied'
  | 'cursor-invalid'
  | 'not-a-number'
  | 'number-overflow'
  | 'guest-trapped'
  | 'guest-no-response'
  | 'guest-error-response'
  | 'guest-timeout'
  | 'worker-lost'
  | 'queue-full'
  | 'body-too-large'
  | 'body-timeout'
  | 'message-ambiguous'
  | 'client-gone'
  | 'server-closing';

/**
 * The HTTP status and the exit status of each failure. The meaning of a code never changes; new failures get new codes.
 */
const CODES: Record<WasmcpErrorCode, { http: number; exit: number }> = {
  'component-not-found': { http: 500, exit: 1 },
  'component-invalid': { http: 500, exit: 1 },
  'component-too-large': { http: 500, exit: 1 },
  'component-unlinkable': { http: 500, exit: 1 },
  'cache-unusable': { http: 500, exit: 1 },
  'runtime-unsupported': { http: 500, exit: 1 },
  'option-invalid': { http: 500, exit: 2 },
  'address-unusable': { http: 500, exit: 1 },
  'server-not-ready': { http: 500, exit: 1 },
  'directory-unusable': { http: 500, exit: 1 },
  'store-unusable': { http: 503, exit: 1 },
  'store-newer-schema': { http: 503, exit: 1 },
  'store-busy': { http: 503, exit: 1 },
  'store-full': { http: 503, exit: 1 },
  'store-broken': { http: 503, exit: 1 },
  'store-unavailable': { http: 503, exit: 1 },
  'store-outcome-unknown': { http: 503, exit: 1 },
  'store-limit': { http: 500, exit: 1 },
  'store-closed': { http: 503, exit: 1 },
  'lease-lost': { http: 503, exit: 1 },
  'session-unknown': { http: 404, exit: 1 },
  'session-ended': { http: 409, exit: 1 },
  'session-busy': { http: 503, exit: 1 },
  'value-refused': { http: 422, exit: 2 },
  'bucket-name-invalid': { http: 500, exit: 1 },
  'bucket-denied': { http: 500, exit: 1 },
  'cursor-invalid': { http: 500, exit: 1 },
  'not-a-number': { http: 500, exit: 1 },
  'number-overflow': { http: 500, exit: 1 },
  'guest-trapped': { http: 500, exit: 1 },
  'guest-no-response': { http: 500, exit: 1 },
  'guest-error-response': { http: 500, exit: 1 },
  'guest-timeout': { http: 504, exit: 1 },
  'worker-lost': { http: 502, exit: 1 },
  'body-too-large': { http: 413, exit: 1 },
  'body-timeout': { http: 408, exit: 1 },
  'message-ambiguous': { http: 400, exit: 1 },
  'client-gone': { http: 499, exit: 1 },
  'queue-full': { http: 503, exit: 1 },
  'server-closing': { http: 503, exit: 1 },
};

/** An expected failure: invalid input, an exceeded limit, an unusable resource. A bug is a `TypeError` instead. */
export class WasmcpError extends Error {
  readonly code: WasmcpErrorCode;

  constructor(code: WasmcpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WasmcpError';
    this.code = code;
  }

  /** HTTP status of the response to a request that ends with this failure. */
  get httpStatus(): number {
    return CODES[this.code].http;
  }

  /** Exit status of a command that ends with this failure. */
  get exitCode(): number {
    return CODES[this.code].exit;
  }
}
