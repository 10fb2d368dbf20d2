import type { IncomingMessage, ServerResponse } from 'node:http';
import { free } from '../../host/index.ts';
import { headerPairs } from '../http/headers.ts';
import type { ResponseWriter } from '../http/response.ts';
import { withCors } from './access-policy/cors.ts';
import { failureResponse, type PlainResponse } from './plain.ts';
import { withoutForbidden } from './trailers.ts';

/** Milliseconds that a client may keep sending a body that is discarded before its connection is closed. */
const LINGER = 1000;

/** Bytes of a complete response up to which copying it is cheaper than writing it in pieces. */
const SMALL = 16 * 1024;

interface Held {
  readonly status: number;
  readonly headers: readonly string[];
  readonly chunks: [bytes: Uint8Array, written: (error?: Error | null) => void][];
}

/**
 * Writes a guest's response to a response of `node:http`, with the headers in `cors`. When Node refuses to send it, the
 * connection is closed and `unsendable` is called with the reason.
 */
export function createNodeWriter(
  request: IncomingMessage,
  response: ServerResponse,
  cors: Readonly<Record<string, string>>,
  unsendable: (error: Error) => void,
): ResponseWriter {
  let held: Held | undefined;
  const freeLater = freeOnClose(request);

  /** No caller would catch what Node throws, and the process would end. */
  function giveUp(error: unknown): void {
    unsendable(error as Error);
    breakOff(request, response);
  }

  /** Returns whether the head could be sent; otherwise `chunks` are acknowledged as failed. */
  function open({ status, headers, chunks }: Held, length: number | undefined): boolean {
    try {
      response.writeHead(status, framed(request, status, headers, length));
      return true;
    } catch (error) {
      giveUp(error);
      for (const [, written] of chunks) written(error as Error);
      return false;
    }
  }

  /** Sends the head and the chunks so far, unless it was sent already or other code has responded. */
  function send(): void {
    if (held === undefined || response.headersSent) return;
    const pending = held;
    held = undefined;
    if (!open(pending, undefined)) return;
    if (pending.chunks.length === 0) response.flushHeaders();
    for (const [bytes, written] of pending.chunks) response.write(bytes, written);
  }

  /** Sends a response that arrived at once. */
  function sendWhole(whole: Held): void {
    held = undefined;
    const length = whole.chunks.reduce((sum, [bytes]) => sum + bytes.length, 0);
    if (open(whole, length)) endWith(response, whole.chunks, length);
  }

  return {
    head(status, headers) {
      held = { status, headers: withCors(headers, cors), chunks: [] };
      // Chunks that arrive in the same turn are sent together with it.
      queueMicrotask(send);
    },
    chunk(bytes, acknowledged) {
      const { length } = bytes;
      const written = (error?: Error | null): void => {
        if (!error) free(bytes);
        else freeLater(bytes);
        acknowledged(length);
      };
      if (held !== undefined) held.chunks.push([bytes, written]);
      else if (!response.writableEnded) response.write(bytes, written);
    },
    end(sent) {
      const trailers = withoutForbidden(sent);
      if (held !== undefined && trailers.length === 0 && !response.headersSent) return sendWhole(held);
      send();
      if (response.writableEnded || response.destroyed) return;
      try {
        response.addTrailers(headerPairs(trailers));
        response.end();
      } catch (error) {
        giveUp(error);
      }
    },
    fail(error) {
      held = undefined;
      if (!response.headersSent) sendPlainResponse(request, response, failureResponse(error, cors));
      else if (!response.writableEnded) breakOff(request, response);
    },
    finished() {},
  };
}

/** Frees chunks that could not be sent: until the connection is closed, the system may use their memory. */
function freeOnClose(request: IncomingMessage): (bytes: Uint8Array) => void {
  const lost: Uint8Array[] = [];
  return (bytes) => {
    if (lost.push(bytes) === 1) request.socket.once('close', () => lost.forEach(free));
  };
}

function endWith(response: ServerResponse, chunks: Held['chunks'], length: number): void {
  if (length > SMALL) {
    for (const [bytes, written] of chunks) response.write(bytes, written);
    response.end();
    return;
  }
  // Node writes text in one piece with the head.
  let text = '';
  for (const [bytes] of chunks) text += latin1(bytes);
  response.end(text, 'latin1', () => {
    for (const [, written] of chunks) written();
  });
}

/**
 * Responds without a guest. What a client still sends is read for a moment: closing immediately would reset the connection,
 * and the response would be lost.
 */
export function sendPlainResponse(
  request: IncomingMessage,
  response: ServerResponse,
  plain: PlainResponse,
): void {
  const { status, body, unread } = plain;
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  const headers = { ...plain.headers, ...length };
  // What follows a malformed request may be part of it (RFC 9112 section 11.2).
  const last = status === 400 && { connection: 'close' };
  if (!unread || request.complete) {
    response.writeHead(status, { ...headers, ...last }).end(body);
    return;
  }
  response.writeHead(status, { ...headers, connection: 'close' }).write(body);
  const close = (): void => void response.end();
  const timer = setTimeout(close, LINGER);
  request.on('error', () => {});
  request.once('end', close).resume();
  response.once('close', () => clearTimeout(timer));
}

/** Of a body that ends with its connection (HTTP/1.0), only a reset shows that it is incomplete. */
function breakOff(request: IncomingMessage, response: ServerResponse): void {
  if (!mayChunk(request)) response.socket?.resetAndDestroy();
  else response.destroy();
}

/**
 * A guest's headers with correct framing (RFC 9110 sections 6.5 and 8.6): one `content-length` if it is known; neither a
 * length nor trailers are announced where HTTP has none.
 */
function framed(
  request: IncomingMessage,
  status: number,
  headers: readonly string[],
  length: number | undefined,
): string[] {
  const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
  const lengths: string[] = length === undefined || bodiless ? [] : [String(length)];
  const others: string[] = [];
  const trailer: string[] = [];
  for (const [name, value] of headerPairs(headers)) {
    const key = name.toLowerCase();
    if (key === 'content-length') lengths.push(value);
    else if (key === 'trailer') trailer.push(name, value);
    else others.push(name, value);
  }
  if (lengths.length > 0 && status !== 204) return [...others, 'content-length', lengths[0]!];
  return bodiless || !mayChunk(request) ? others : [...others, ...trailer];
}

/** Whether Node would use chunked coding. Where it does not, it throws when trailers are announced. */
function mayChunk({ httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMajor >= 1 && httpVersionMinor >= 1;
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
