import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { free, WasmcpError } from '../../host/index.ts';
import type { Upload, UploadReceiver } from '../http/handler.ts';
import { withoutForbidden } from './trailers.ts';

/** Bodies up to this many bytes are collected first: a slow client then holds a socket and no guest. */
const COLLECT = 64 * 1024;

/** What a body may be, as options say. */
export interface BodyLimits {
  readonly maxBody: number;
  /** Milliseconds without a byte. */
  readonly bodyTimeout: number;
}

export interface BodyEvents {
  /** There is enough to begin. Never called when the client leaves before. */
  received(body: Uint8Array | Upload | undefined): void;
  /** The client sent nothing more, and no guest has the request. */
  stalled(error: WasmcpError): void;
}

/** Takes the body of a request. */
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
  // Of node's pool: memory of its own would be more work than all else that is done for a small body.
  const body = Buffer.allocUnsafe(length);
  let filled = 0;
  const take = (bytes: Uint8Array): void => {
    timer.refresh();
    // Frameworks make requests of their own for tests, and may say another length.
    body.set(bytes.subarray(0, length - filled), filled);
    filled = Math.min(length, filled + bytes.length);
    spend(request, bytes);
  };
  const timer = setTimeout(() => {
    request.off('data', take).off('end', complete);
    events.stalled(stalledError(bodyTimeout));
  }, bodyTimeout);
  const complete = (): void => {
    clearTimeout(timer);
    events.received(filled === length ? body : body.subarray(0, filled));
  };
  request.on('data', take);
  request.on('end', complete);
  // The response tells of a client that leaves.
  request.on('error', () => clearTimeout(timer));
  request.on('close', () => clearTimeout(timer));
}

export function stalledError(limit: number): WasmcpError {
  return new WasmcpError('body-timeout', `nothing more of the body came within ${limit} ms`);
}

/**
 * Node makes each chunk anew for those who listen. Another one may keep it; and requests that did not come from a connection, as
 * frameworks have for tests, hand out memory of those who made them.
 */
function spend(request: IncomingMessage, bytes: Uint8Array): void {
  if (request.listenerCount('data') === 1 && request.socket instanceof Socket) free(bytes);
}

function upload(request: IncomingMessage, response: ServerResponse, limits: BodyLimits): Upload {
  const { maxBody, bodyTimeout } = limits;
  let receiver: UploadReceiver | undefined;
  let tooLarge = false;
  let received = 0;
  /** Runs while bytes could arrive. */
  let timer: NodeJS.Timeout | undefined;
  /** Nobody wants the rest, which has one time in all. */
  let unwanted = false;

  function expectMore(): void {
    clearTimeout(timer);
    timer = setTimeout(stall, bodyTimeout);
  }

  function stall(): void {
    timer = undefined;
    const begun = response.headersSent;
    receiver?.fail(stalledError(bodyTimeout));
    receiver = undefined;
    // An answer to that ends the connection by itself.
    if (!begun && response.headersSent) return;
    // What comes next on the connection cannot be told from the rest; an answer that is on its way leaves first.
    if (response.writableFinished) request.destroy();
    else response.once('finish', () => request.destroy());
  }

  function take(bytes: Uint8Array): void {
    if (!unwanted) timer?.refresh();
    received += bytes.length;
    if (received <= maxBody) {
      if (receiver?.data(bytes) === false) {
        request.pause();
        clearTimeout(timer);
        timer = undefined;
      }
      spend(request, bytes);
    } else if (receiver !== undefined) {
      tooLarge = true;
      receiver.fail(new WasmcpError('body-too-large', `the body is above ${maxBody} bytes`));
      receiver = undefined;
    } else if (!tooLarge) {
      request.destroy();
    }
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
        receiver?.end(withoutForbidden(request.rawTrailers));
      });
      request.on('error', () => {
        over();
        receiver?.fail();
      });
      request.on('close', over);
      expectMore();
    },
    resume() {
      if (request.complete) return void request.resume();
      if (timer === undefined) expectMore();
      request.resume();
    },
    stop() {
      receiver = undefined;
      // The rest has to be read, or the next request of this connection never comes; above the limit both end.
      if (!request.complete && !unwanted) {
        request.once('close', over).once('end', over);
        expectMore();
      }
      unwanted = true;
      request.resume();
    },
  };
}
