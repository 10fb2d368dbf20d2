import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { WasmcpError } from '../../host/index.ts';
import type { GuestRequest, ResponseTarget } from '../engine/exchange.ts';
import type { Pool } from '../engine/pool.ts';
import { limited, pathOf, refusal } from './limits.ts';

/** A `node:http` request listener; also what express and fastify mount. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Bodies up to this many bytes are collected first: a slow client then holds a socket and no guest. */
const COLLECT = 64 * 1024;

export function createNodeHandler(pool: Pick<Pool, 'handle'>, maxBody: number): NodeHandler {
  return (request, response) => {
    const refused = refusal(request, maxBody);
    if (refused !== undefined) {
      answerPlainly(response, refused.status, { connection: 'close' });
      return;
    }
    const length = Number(request.headers['content-length'] ?? 0);
    const streamed = request.headers['transfer-encoding'] !== undefined || length > COLLECT;
    if (streamed) {
      // The iterator must not destroy the request when the guest stops reading: the response shares its socket.
      dispatch(limited(request.iterator({ destroyOnReturn: false }), maxBody));
    } else if (length === 0) {
      dispatch(undefined);
    } else {
      collect(request, length, dispatch);
    }

    function dispatch(body: GuestRequest['body']): void {
      const exchange = pool.handle(
        {
          method: request.method!,
          scheme: (request.socket as TLSSocket).encrypted ? 'https' : 'http',
          authority: request.headers.host,
          path: pathOf(request.url!),
          headers: request.rawHeaders,
          body,
          trailers: () => request.rawTrailers,
        },
        createTarget(request, response),
      );
      response.on('close', () => exchange.gone());
    }
  };
}

/** Reads a body of known length; a client that leaves before its end is forgotten. */
function collect(request: IncomingMessage, length: number, done: (body: Uint8Array) => void): void {
  const body = new Uint8Array(length);
  let filled = 0;
  request.on('data', (bytes: Uint8Array) => {
    body.set(bytes, filled);
    filled += bytes.length;
  });
  request.on('end', () => done(body));
  request.on('error', () => {});
}

function createTarget(request: IncomingMessage, response: ServerResponse): ResponseTarget {
  let held: { status: number; headers: string[]; body: Uint8Array[]; taken: (() => void)[] } | undefined;

  /** Sends the head, and what of the body came with it; nothing when it has gone already. */
  function flush(): void {
    if (held === undefined) return;
    const { status, headers, body, taken } = held;
    held = undefined;
    try {
      response.writeHead(status, headers);
    } catch {
      // A head that node refuses although the host let it pass.
      answerPlainly(response, 500);
      return;
    }
    response.flushHeaders();
    body.forEach((bytes, i) => {
      response.write(bytes, taken[i]);
    });
  }

  return {
    head(status, headers) {
      held = { status, headers, body: [], taken: [] };
      // What arrives together with the head is sent together with it.
      queueMicrotask(flush);
    },
    chunk(bytes, taken) {
      const done = (): void => taken(bytes.length);
      if (held === undefined) response.write(bytes, done);
      else {
        held.body.push(bytes);
        held.taken.push(done);
      }
    },
    end(trailers) {
      if (held !== undefined && trailers.length === 0) {
        const { status, headers, body } = held;
        if (needsLength(request.method, status, headers)) {
          headers.push('content-length', String(body.reduce((sum, bytes) => sum + bytes.length, 0)));
        }
        flushWhole(status, headers, body);
      } else {
        flush();
        if (trailers.length > 0) response.addTrailers(pairs(trailers));
        response.end();
      }
    },
    fail(error) {
      held = undefined;
      if (response.headersSent) response.destroy();
      else answerFailure(response, error);
    },
  };

  function flushWhole(status: number, headers: string[], body: Uint8Array[]): void {
    held = undefined;
    try {
      response.writeHead(status, headers);
    } catch {
      answerPlainly(response, 500);
      return;
    }
    response.end(body.length === 1 ? body[0] : Buffer.concat(body));
  }
}

/** A complete body without a declared length gets one; RFC 9110 section 8.6 says where it must not be. */
function needsLength(method: string | undefined, status: number, headers: readonly string[]): boolean {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return false;
  return !headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === 'content-length');
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i]!, flat[i + 1]!]);
  return list;
}

function answerFailure(response: ServerResponse, error: WasmcpError): void {
  const status = error.httpStatus;
  if (status === 503) answerPlainly(response, status, { 'retry-after': '1' });
  else answerPlainly(response, status, status === 413 ? { connection: 'close' } : {});
}

/** A fixed body by status: nothing of a guest or of this machine leaks through an error page. */
function answerPlainly(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${STATUS_CODES[status] ?? 'Error'}\n`);
}
