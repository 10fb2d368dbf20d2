import type { IncomingMessage } from 'node:http';
import { header, withoutHeaders } from '../http/headers.ts';
import type { GuestHead } from './access-policy/access-policy.ts';
import type { PlainResponse } from './plain.ts';

/** Where frameworks keep a body that they have read: Cloud Functions and Firebase, express and similar ones. */
interface Parsed {
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/**
 * The body of a request that a framework has already read; `lost` if it did not keep the original bytes. Undefined if the body
 * is still to be read, or if there is none.
 */
export function bodyReadBefore(request: IncomingMessage): Uint8Array | 'lost' | undefined {
  if (!request.readableDidRead && !request.readableEnded && !request.destroyed) return undefined;
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0))
    return undefined;
  const { rawBody, body } = request as Parsed;
  return bytesOf(rawBody) ?? bytesOf(body) ?? 'lost';
}

function bytesOf(kept: unknown): Uint8Array | undefined {
  if (kept instanceof Uint8Array) return kept;
  return typeof kept === 'string' ? Buffer.from(kept) : undefined;
}

/** The head of a request with this body: parsers decompress it, so its length and its encoding change. */
export function headFor(head: GuestHead, body: Uint8Array): GuestHead {
  if (Number(header(head.headers, 'content-length')) === body.length) return head;
  const headers = withoutHeaders(head.headers, 'content-length', 'content-encoding');
  return { ...head, headers: [...headers, 'content-length', String(body.length)] };
}

export const LOST_BODY =
  'the body of the request was read before wasmcp-node got it: mount its handler before the body parser, or keep the bytes in request.rawBody';

export function lostBodyResponse(cors: Readonly<Record<string, string>>): PlainResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...cors };
  return { status: 500, headers, body: `${LOST_BODY}\n`, unread: false };
}
