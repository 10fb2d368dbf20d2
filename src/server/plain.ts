import type { WasmcpError } from '../../host/index.ts';
import { STATUS_CODES } from './http.ts';

/** An answer of the host's own. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The client may be sending what nobody is going to read. */
  readonly unread: boolean;
}

/** A fixed body by status: nothing of a guest or of this machine leaks through an error page. */
export function plainAnswer(status: number, headers: Readonly<Record<string, string>> = {}): PlainAnswer {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(status === 503 && { 'retry-after': '1' }),
      ...headers,
    },
    body: `${STATUS_CODES[status] ?? 'Error'}\n`,
    unread: status === 400 || status === 413,
  };
}

/** What a client gets when this failure ends its request. */
export function failureAnswer(error: WasmcpError, headers?: Readonly<Record<string, string>>): PlainAnswer {
  return plainAnswer(error.httpStatus, headers);
}
