import type { IncomingMessage, ServerResponse } from 'node:http';
import { free } from '../../host/index.ts';
import { headerPairs } from '../http/headers.ts';
import type { ResponseWriter } from '../http/response.ts';
import { withCors } from './access-policy/cors.ts';
import { failureAnswer, type PlainAnswer } from './plain.ts';
import { withoutForbidden } from './trailers.ts';

/** Milliseconds that a client may go on sending what nobody reads before its connection is closed. */
const LINGER = 1000;

/** Bytes of a whole answer up to which it is cheaper to copy it than to write it in pieces. */
const SMALL = 16 * 1024;

interface Held {
  readonly status: number;
  readonly headers: readonly string[];
  readonly chunks: [bytes: Uint8Array, written: (error?: Error | null) => void][];
}

/**
 * Puts a guest's answer on a response of `node:http`; `cors` is what each answer carries for the page that asked. What node
 * will not send costs the connection, and `unsendable` is told why.
 */
export function createNodeTarget(
  request: IncomingMessage,
  response: ServerResponse,
  cors: Readonly<Record<string, string>>,
  unsendable: (error: Error) => void,
): ResponseWriter {
  let held: Held | undefined;
  /** What did not leave. The system may hold on to it until the connection is closed. */
  const lost: Uint8Array[] = [];

  /** Nobody above would catch what node throws, and the process would end. */
  function giveUp(error: unknown): void {
    unsendable(error as Error);
    breakOff(request, response);
  }

  /** Whether the head could be sent; `chunks` are given back when not. */
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

  /** Sends the head with what of the body came along; nothing when it has gone, or when somebody else answered. */
  function send(): void {
    if (held === undefined || response.headersSent) return;
    const answer = held;
    const { chunks } = answer;
    held = undefined;
    if (!open(answer, undefined)) return;
    if (chunks.length === 0) response.flushHeaders();
    for (const [bytes, written] of chunks) response.write(bytes, written);
  }

  /** Sends all of an answer that came at once. */
  function sendWhole(answer: Held): void {
    const { chunks } = answer;
    held = undefined;
    const length = chunks.reduce((sum, [bytes]) => sum + bytes.length, 0);
    const sent = (): void => {
      for (const [, written] of chunks) written();
    };
    if (!open(answer, length)) return;
    if (length > SMALL) {
      for (const [bytes, written] of chunks) response.write(bytes, written);
      response.end();
    } else {
      // As text, node writes it in one piece with the head.
      let text = '';
      for (const [bytes] of chunks) text += latin1(bytes);
      response.end(text, 'latin1', sent);
    }
  }

  return {
    head(status, headers) {
      held = { status, headers: withCors(headers, cors), chunks: [] };
      // What arrives together with the head is sent together with it.
      queueMicrotask(send);
    },
    chunk(bytes, acknowledged) {
      const { length } = bytes;
      const written = (error?: Error | null): void => {
        if (!error) free(bytes);
        else if (lost.push(bytes) === 1) request.socket.once('close', () => lost.forEach(free));
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
      } catch (error) {
        giveUp(error);
        return;
      }
      response.end();
    },
    fail(error) {
      held = undefined;
      if (!response.headersSent) answerPlainly(request, response, failureAnswer(error, cors));
      else if (!response.writableEnded) breakOff(request, response);
    },
    finished() {},
  };
}

/**
 * Answers without a guest. A client that may still be sending is heard out for a moment: to close at once would reset
 * the connection, and the answer would be lost with it.
 */
export function answerPlainly(request: IncomingMessage, response: ServerResponse, answer: PlainAnswer): void {
  const { status, body, unread } = answer;
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  const headers = { ...answer.headers, ...length };
  // What follows a bad request may be part of it (RFC 9112 section 11.2).
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

/** A body that ends with its connection (HTTP/1.0) is told from a complete one by a reset alone. */
function breakOff(request: IncomingMessage, response: ServerResponse): void {
  if (!mayChunk(request)) response.socket?.resetAndDestroy();
  else response.destroy();
}

/**
 * A guest's headers with the framing right (RFC 9110 sections 6.5 and 8.6): a `length` that is known is said, once;
 * neither a length nor trailers are announced where HTTP has none.
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

/** As node sees it, which throws at the announcement of trailers where it does not chunk. */
function mayChunk({ httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMajor >= 1 && httpVersionMinor >= 1;
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
