import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { free, WasmcpError } from '../../host/index.ts';
import type { Upload, UploadReceiver } from '../http/handler.ts';
import { gatherPieces } from './gather-pieces.ts';
import { withoutForbidden } from './trailers.ts';

/** Bodies up to this many bytes are received before a guest starts: a slow client then occupies a socket, but no guest. */
const COLLECT = 64 * 1024;

export interface BodyLimits {
  readonly maxBody: number;
  /** Milliseconds without a byte. */
  readonly bodyTimeout: number;
}

export interface BodyEvents {
  /** The request can start. Never called when the client disconnects before. */
  received(body: Uint8Array | Upload | undefined): void;
  /** The client stopped sending before a guest started. */
  stalled(error: WasmcpError): void;
}

/** Receives the body of a request. */
export function receiveBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
  events: BodyEvents,
): void {
  const length = Number(request.headers['content-length'] ?? 0);
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  if (isChunked || length > COLLECT) events.received(upload(request, response, limits));
  else if (length === 0) events.received(undefined);
  else collect(request, length, limits, events);
}

function collect(request: IncomingMessage, length: number, limits: BodyLimits, events: BodyEvents): void {
  const { bodyTimeout } = limits;
  // From Node's pool: a separate allocation costs more than everything else for a small body.
  const body = Buffer.allocUnsafe(length);
  let filled = 0;
  let timer: NodeJS.Timeout | undefined;
  const take = (bytes: Uint8Array): void => {
    timer?.refresh();
    // Frameworks create requests for tests, whose length may be wrong.
    body.set(bytes.subarray(0, length - filled), filled);
    filled = Math.min(length, filled + bytes.length);
    spend(request, bytes);
  };
  const expire = (): void => {
    request.off('data', take).off('end', complete);
    events.stalled(stalledError(bodyTimeout));
  };
  let isOver = false;
  const over = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const complete = (): void => {
    over();
    events.received(filled === length ? body : body.subarray(0, filled));
  };
  request.on('data', take);
  request.on('end', complete);
  // The response is notified when the client disconnects.
  request.on('error', over);
  request.on('close', over);
  // Most bodies arrive with their head, and need no timer.
  process.nextTick(() => {
    if (!isOver && !request.complete) timer = setTimeout(expire, bodyTimeout);
  });
}

export function stalledError(limit: number): WasmcpError {
  return new WasmcpError('body-timeout', `nothing more of the body arrived within ${limit} ms`);
}

/**
 * Frees a chunk, which Node allocates for its listeners. Not when there is another listener, which may keep it, nor for
 * requests without a connection, as frameworks create for tests: their chunks belong to whatever created them.
 */
function spend(request: IncomingMessage, bytes: Uint8Array): void {
  if (request.listenerCount('data') === 1 && request.socket instanceof Socket) free(bytes);
}

function upload(request: IncomingMessage, response: ServerResponse, limits: BodyLimits): Upload {
  const { maxBody, bodyTimeout } = limits;
  let receiver: UploadReceiver | undefined;
  let tooLarge = false;
  let received = 0;
  /** Active while bytes can arrive. */
  let timer: NodeJS.Timeout | undefined;
  /** The rest is discarded; a single timeout applies to all of it. */
  let unwanted = false;

  function expectMore(): void {
    clearTimeout(timer);
    // Nothing more can arrive, nor would anything stop the timer.
    if (request.destroyed) return;
    timer = setTimeout(stall, bodyTimeout);
  }

  function stall(): void {
    timer = undefined;
    const begun = response.headersSent;
    receiver?.fail(stalledError(bodyTimeout));
    receiver = undefined;
    // A response to that failure ends the connection by itself.
    if (!begun && response.headersSent) return;
    destroyAfter(response, request);
  }

  const pieces = gatherPieces(
    (bytes) => {
      if (receiver?.data(bytes) !== false) return;
      request.pause();
      clearTimeout(timer);
      timer = undefined;
    },
    (piece) => spend(request, piece),
  );

  function take(bytes: Uint8Array): void {
    if (!unwanted) timer?.refresh();
    received += bytes.length;
    if (received <= maxBody) pieces.add(bytes);
    else if (receiver !== undefined) {
      tooLarge = true;
      receiver.fail(new WasmcpError('body-too-large', `the body is above ${maxBody} bytes`));
      receiver = undefined;
    } else if (!tooLarge) request.destroy();
  }

  function over(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    start(to) {
      receiver = to;
      request.on('data', take);
      request.on('end', () => {
        over();
        pieces.flush();
        receiver?.end(withoutForbidden(request.rawTrailers));
      });
      request.on('error', () => {
        over();
        pieces.flush();
        receiver?.fail();
      });
      request.on('close', over);
      expectMore();
    },
    resume() {
      if (!request.complete && timer === undefined) expectMore();
      request.resume();
    },
    stop() {
      receiver = undefined;
      // The rest must be read, or the next request of this connection never arrives; above the limit both end.
      if (!request.complete && !unwanted) {
        request.once('close', over).once('end', over);
        expectMore();
      }
      unwanted = true;
      request.resume();
    },
  };
}

/** The next request cannot be distinguished from the rest of this body; a started response is sent first. */
function destroyAfter(response: ServerResponse, request: IncomingMessage): void {
  if (response.writableFinished) request.destroy();
  else response.once('finish', () => request.destroy());
}
