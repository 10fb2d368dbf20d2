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

/** What `wasmtime serve` answers for a guest that failed, but for its name: scripts look for it. */
const FAILURE_PAGE = `<!doctype html>
<html>
<head>
    <title>500 Internal Server Error</title>
</head>
<body>
    <center>
        <h1>500 Internal Server Error</h1>
        <hr>
        wasmcp-node
    </center>
</body>
</html>`;

/** A fixed body by status: nothing of a guest or of this machine leaks through an error page. */
export function plainAnswer(status: number, headers: Readonly<Record<string, string>> = {}): PlainAnswer {
  return {
    status,
    headers: {
      'content-type': status === 500 ? 'text/html; charset=UTF-8' : 'text/plain; charset=utf-8',
      ...(status === 503 && { 'retry-after': '1' }),
      ...headers,
    },
    body: status === 500 ? FAILURE_PAGE : `${STATUS_CODES[status] ?? 'Error'}\n`,
    unread: status === 400 || status === 408 || status === 413,
  };
}

/** What a client gets when this failure ends its request. */
export function failureAnswer(error: WasmcpError, headers?: Readonly<Record<string, string>>): PlainAnswer {
  return plainAnswer(error.httpStatus, headers);
}
