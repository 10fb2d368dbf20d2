import type { GuestRequest } from '../../http/handler.ts';
import { withoutHeaders } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { version } from '../../version.ts';
import { writeJson } from '../long-values/long-value.ts';
import { OWNER_CHECKED_METHOD } from '../wasmcp-quirks.ts';
import type { ProtocolVersion } from './envelope.ts';

/** Headers that describe the client's message, or how it was transferred, rather than the client. */
const OF_THE_MESSAGE: readonly string[] = [
  'accept',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'last-event-id',
  'te',
  'trailer',
  'transfer-encoding',
];

/** JSON-RPC 2.0, section 5.1. */
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INTERNAL_ERROR = -32603;

/** Defined by the server (JSON-RPC 2.0, section 5.1): a limit was reached. */
export const SERVER_ERROR = -32000;

/** Id of the edge's own requests. */
export const OWN_ID = 'wasmcp-node';

/** A message of the edge on behalf of a client: same address, same credentials. */
export function messageFor(request: GuestRequest, message: Uint8Array): GuestRequest {
  return {
    ...request,
    method: 'POST',
    headers: [
      ...withoutHeaders(request.headers, ...OF_THE_MESSAGE),
      ...['content-type', 'application/json', 'accept', 'application/json, text/event-stream'],
      ...['content-length', String(message.length)],
    ],
    body: message,
  };
}

/** Sends an empty response, without a message. */
export function sendStatus(target: ResponseWriter, status: number, headers: readonly string[] = []): void {
  target.head(status, [...headers]);
  target.end([]);
}

export function sendResult(target: ResponseWriter, id: Uint8Array, result: unknown): void {
  respond(target, 200, message(id, `"result":${writeJson(result)}`));
}

/** The same request with another method and without its body. */
export function withoutBody(request: GuestRequest, method: string): GuestRequest {
  return { ...request, method, headers: withoutHeaders(request.headers, ...OF_THE_MESSAGE), body: undefined };
}

export interface InitializeMessage {
  readonly message: Uint8Array;
  readonly protocolVersion: ProtocolVersion;
}

const CLIENT_INFO: string = JSON.stringify({ name: 'wasmcp-node', version });

/** `capabilities` are those of the client. */
export function initializeMessage(
  id: Uint8Array | undefined,
  name: string,
  capabilities: object = {},
): InitializeMessage {
  const quoted = JSON.stringify(name);
  const declared = JSON.stringify(capabilities);
  const head = message(
    id,
    `"method":"initialize","params":{"capabilities":${declared},"clientInfo":${CLIENT_INFO},"protocolVersion":${quoted}}`,
  );
  const length = Buffer.byteLength(quoted);
  return { message: head, protocolVersion: { name, at: head.length - length - 2, length } };
}

const HEAD: Buffer = Buffer.from('{"jsonrpc":"2.0","id":');

export const INITIALIZED: Uint8Array = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');

export const PING: Uint8Array = message(undefined, `"method":"${OWNER_CHECKED_METHOD}"`);

/** Responds with an empty result; a message without an id gets no response. */
export function sendEmptyResult(target: ResponseWriter, id: Uint8Array | undefined): void {
  if (id === undefined) sendStatus(target, 202);
  else {
    respond(target, 200, message(id, '"result":{}'));
  }
}

export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly text: string;
  /** More for the client's program. */
  readonly data?: unknown;
  readonly headers?: readonly string[];
}

export function sendError(
  target: ResponseWriter,
  id: Uint8Array | undefined,
  { status, code, text, data, headers = [] }: Refusal,
): void {
  const error = JSON.stringify({ code, message: text, data });
  respond(target, status, message(id ?? Buffer.from('null'), `"error":${error}`), headers);
}

/** An error as the last event of a stream. The blank lines before it end an incomplete event, which clients ignore. */
export function errorEvent(id: Uint8Array | undefined, text: string): Uint8Array {
  const error = JSON.stringify({ code: SERVER_ERROR, message: text });
  const response = message(id ?? Buffer.from('null'), `"error":${error}`);
  return Buffer.concat([Buffer.from('\n\nevent: message\ndata: '), response, Buffer.from('\n\n')]);
}

/** The id is copied as the client wrote it: numbers beyond the precision of JavaScript keep their digits. */
function message(id: Uint8Array | undefined, members: string): Uint8Array {
  return Buffer.concat([HEAD, id ?? Buffer.from(JSON.stringify(OWN_ID)), Buffer.from(`,${members}}`)]);
}

function respond(
  target: ResponseWriter,
  status: number,
  body: Uint8Array,
  headers: readonly string[] = [],
): void {
  target.head(status, ['content-type', 'application/json', ...headers]);
  target.chunk(body, () => {});
  target.end([]);
}
