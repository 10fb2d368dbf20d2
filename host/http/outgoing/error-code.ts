import type { HttpErrorCode } from '../../io/error.ts';

/** The failure of a request, with the `error-code` for its guest. */
export class OutgoingError extends Error {
  readonly http: HttpErrorCode;

  constructor(http: HttpErrorCode, message: string = http.tag) {
    super(message);
    this.name = 'OutgoingError';
    this.http = http;
  }
}

type Case = HttpErrorCode | ((error: CodedError) => HttpErrorCode);

/** An error of Node, OpenSSL, llhttp or undici. */
interface CodedError {
  /** Or the name of the error. */
  readonly code: string;
  readonly message: string;
  readonly reason?: unknown;
}

/** Maps the code of an error, or its name if it has no code, to an `error-code`; the first match counts. */
const CASES: readonly (readonly [code: RegExp, is: Case])[] = [
  [/^ECONNREFUSED$/, { tag: 'connection-refused' }],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, { tag: 'connection-timeout' }],
  [/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/, { tag: 'connection-read-timeout' }],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_(CLOSED|DESTROYED))$/, { tag: 'connection-terminated' }],
  [/^UND_ERR_SOCKET$/, socketError],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, { tag: 'destination-IP-unroutable' }],
  [/^(EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EAFNOSUPPORT|EINVAL)$/, { tag: 'destination-unavailable' }],
  [/^(EACCES|EPERM)$/, { tag: 'destination-IP-prohibited' }],
  [/^(EMFILE|ENFILE|ENOBUFS|ENOMEM)$/, { tag: 'connection-limit-reached' }],
  [/^ETIMEOUT$/, { tag: 'DNS-timeout' }],
  [/^(ENOTFOUND|ENODATA|EAI_\w+|EBADNAME)$/, dnsError],
  [/^ERR_SSL_.*ALERT/, tlsAlert],
  [/^(ERR_SSL_\w+|ERR_TLS_(?!CERT_).*|EPROTO)/, { tag: 'TLS-protocol-error' }],
  // The names of OpenSSL's X509_V_ERR_ codes, as Node spells them.
  [
    /^(ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C)/,
    { tag: 'TLS-certificate-error' },
  ],
  [/^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/, { tag: 'TLS-certificate-error' }],
  [/^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/, { tag: 'HTTP-response-incomplete' }],
  [/^UND_ERR_HEADERS_OVERFLOW$/, { tag: 'HTTP-response-header-section-size', val: undefined }],
  [/^(HTTPParserError$|HPE_)/, parserError],
  [/^UND_ERR_REQ_CONTENT_LENGTH_MISMATCH$/, { tag: 'HTTP-request-body-size', val: undefined }],
  [/^UND_ERR_(INVALID_ARG|NOT_SUPPORTED)$/, { tag: 'HTTP-protocol-error' }],
];

/**
 * The `error-code` for an error that ended a request. Unknown errors become `internal-error` with their code only: Node's
 * messages contain addresses, which guests must not see.
 */
export function errorCodeOf(error: unknown): HttpErrorCode {
  for (const cause of causes(error)) {
    if (cause instanceof OutgoingError) return cause.http;
    const known = coded(cause);
    const found = CASES.find(([code]) => code.test(known.code));
    if (found !== undefined) return typeof found[1] === 'function' ? found[1](known) : found[1];
  }
  return { tag: 'internal-error', val: error instanceof Error ? coded(error).code : 'the request failed' };
}

/** The error and its causes: `fetch` wraps errors, and attempts on several addresses are aggregated. */
function* causes(error: unknown): Generator<Error> {
  let current: unknown = error;
  for (let depth = 0; current instanceof Error && depth < 8; depth += 1) {
    yield current;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
}

/** Parser errors of undici have no code. */
function coded(error: Error): CodedError {
  const { code, reason } = error as Error & { readonly code?: unknown; readonly reason?: unknown };
  return { code: typeof code === 'string' ? code : error.name, message: error.message, reason };
}

/** undici has one code for all errors of a socket; the message says what the peer did. */
function socketError({ message }: CodedError): HttpErrorCode {
  if (message === 'bad upgrade') return { tag: 'HTTP-upgrade-failed' };
  if (message === 'bad response') return { tag: 'HTTP-protocol-error' };
  return { tag: 'connection-terminated' };
}

/** Errors of llhttp differ only in their reason. */
function parserError({ message }: CodedError): HttpErrorCode {
  if (/EOF/.test(message)) return { tag: 'HTTP-response-incomplete' };
  if (/Transfer-Encoding/.test(message)) return { tag: 'HTTP-response-transfer-coding', val: undefined };
  return { tag: 'HTTP-protocol-error' };
}

function dnsError({ code }: CodedError): HttpErrorCode {
  return { tag: 'DNS-error', val: { rcode: code, infoCode: undefined } };
}

function tlsAlert({ message, reason }: CodedError): HttpErrorCode {
  const [, id] = /alert number (\d+)/.exec(message) ?? [];
  return {
    tag: 'TLS-alert-received',
    val: {
      alertId: id === undefined ? undefined : Number(id),
      alertMessage: typeof reason === 'string' ? reason : undefined,
    },
  };
}
