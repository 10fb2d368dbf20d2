import type { IncomingMessage, ServerResponse } from 'node:http';
import { WasmcpError, type WasmcpErrorCode } from '../../../../host/index.ts';
import { sendPlainResponse } from '../../node-response.ts';

/** The response to a call of the API. */
export interface Reply {
  readonly status: number;
  /** As JSON; undefined for none. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusal(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, body: { error }, headers };
}

/** A call that cannot be carried out, with the reason. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Failures whose cause is the call, not the server. */
const STATUSES: Partial<Record<WasmcpErrorCode, number>> = {
  'bucket-name-invalid': 400,
  'bucket-denied': 403,
  'cursor-invalid': 400,
  'store-limit': 413,
  'lease-lost': 503,
};

/** Throws again what is no expected failure. */
export function failureReply(error: unknown): Reply {
  if (error instanceof ApiError) return refusal(error.status, error.message);
  if (!(error instanceof WasmcpError)) throw error;
  return refusal(STATUSES[error.code] ?? error.httpStatus, error.message);
}

export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers = {} }: Reply,
): void {
  if (response.destroyed || response.headersSent) return;
  const text = body === undefined ? '' : `${JSON.stringify(body)}\n`;
  sendPlainResponse(request, response, {
    status,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: text,
    // A refusal is sent before the body has arrived.
    unread: status >= 400 && request.method !== 'GET' && request.method !== 'HEAD',
  });
}
