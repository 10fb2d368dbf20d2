import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { free, WasmcpError } from '../../host/index.ts';
import type { Upload, UploadReceiver } from '../engine/request.ts';

/** Bodies up to this many bytes are collected first: a slow client then holds a socket and no guest. */
const COLLECT = 64 * 1024;

/** Calls `done` with the body of a request once there is enough to begin; never, when the client leaves before. */
export function receiveBody(
  request: IncomingMessage,
  maxBody: number,
  done: (body: Uint8Array | Upload | undefined) => void,
): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (request.headers['transfer-encoding'] !== undefined || length > COLLECT) done(upload(request, maxBody));
  else if (length === 0) done(undefined);
  else collect(request, length, done);
}

function collect(request: IncomingMessage, length: number, done: (body: Uint8Array) => void): void {
  // Of node's pool: memory of its own would be more work than all else that is done for a small body.
  const body = Buffer.allocUnsafe(length);
  let filled = 0;
  request.on('data', (bytes: Uint8Array) => {
    body.set(bytes, filled);
    filled += bytes.length;
    spend(request, bytes);
  });
  request.on('end', () => done(body));
  // The response tells of a client that leaves.
  request.on('error', () => {});
}

/**
 * Node makes each chunk anew for those who listen. Another one may keep it; and requests that did not come from a connection, as
 * frameworks have for tests, hand out memory of those who made them.
 */
function spend(request: IncomingMessage, bytes: Uint8Array): void {
  if (request.listenerCount('data') === 1 && request.socket instanceof Socket) free(bytes);
}

function upload(request: IncomingMessage, maxBody: number): Upload {
  let receiver: UploadReceiver | undefined;
  let tooLarge = false;
  let received = 0;

  function take(bytes: Uint8Array): void {
    received += bytes.length;
    if (received <= maxBody) {
      if (receiver?.data(bytes) === false) request.pause();
      spend(request, bytes);
    } else if (receiver !== undefined) {
      tooLarge = true;
      receiver.fail(new WasmcpError('body-too-large', `the body is above ${maxBody} bytes`));
      receiver = undefined;
    } else if (!tooLarge) {
      request.destroy();
    }
  }

  return {
    start(to) {
      receiver = to;
      request.on('data', take);
      request.on('end', () => receiver?.end(request.rawTrailers));
      request.on('error', () => receiver?.fail());
    },
    resume: () => request.resume(),
    stop() {
      receiver = undefined;
      // The rest has to be read, or the next request of this connection never comes; above the limit both end.
      request.resume();
    },
  };
}
