import type { WasmcpError } from '../../host/index.ts';
import { STATUS_CODES } from './http.ts';

/** A response that no guest wrote. */
export interface PlainResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The client may be sending a body that nothing will read. */
  readonly unread: boolean;
}

/** The page that `wasmtime serve` sends when a guest fails, except for the product's name; scripts search for it. */
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

/** A fixed body per status: an error page reveals nothing about a guest or this machine. */
export function plainResponse(status: number, headers: Readonly<Record<string, string>> = {}): PlainResponse {
  return {
    status,
    headers: {
      'content-type': status === 500 ? 'text/html; charset=UTF-8' : 'text/plain; charset=utf-8',
      ...(status === 503 && { 'retry-after': '1' }),
      ...headers,
    },
    body: status === 500 ? FAILURE_PAGE : `${STATUS_CODES[status] ?? 'Error'}\n`,
    unread: status === 400 || status === 408 || status === 413 || status === 417,
  };
}

/** The response to a request that ends with this failure. */
export function failureResponse(
  error: WasmcpError,
  headers?: Readonly<Record<string, string>>,
): PlainResponse {
  return plainResponse(error.httpStatus, headers);
}
