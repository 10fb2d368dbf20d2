import { free, type WasmcpError } from '../../../host/index.ts';
import type { GuestRequest, UploadReceiver } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { type FromWorker, SMALL, type ToWorker, WINDOW } from '../protocol/messages.ts';

/** The progress of a response: not begun, begun, or over: nothing more of it will be delivered, for whatever reason. */
export type Phase = 'waiting' | 'streaming' | 'over';

/** Sends to the worker; the memory of `transfer` moves along. */
export type Post = (message: ToWorker, transfer?: ArrayBuffer[]) => void;

/** One request that a worker handles, seen from the main thread. */
export interface InFlightRequest {
  readonly id: number;
  readonly phase: Phase;
  /** More of the body may arrive. */
  readonly arriving: boolean;
  /** Gives the request to a worker, or to another one after `withdraw`. */
  start(post: Post): void;
  /** The worker did not begin it, and never will. */
  withdraw(): void;
  receive(message: FromWorker): void;
  /** The client disconnected. */
  gone(): void;
  /** Sends the client an error, or aborts a response that was begun. Nothing is delivered afterwards. */
  fail(error: WasmcpError): void;
  /** The guest has finished, its worker has exited, or the request will never get one. */
  finish(): void;
}

/** Calls `moved` when the response begins, progresses or is over, and before that for each part of an upload that is read. */
export function createInFlightRequest(
  id: number,
  { body, awaited: _awaited, receivedAt: _receivedAt, ...head }: GuestRequest,
  target: ResponseWriter,
  moved: () => void,
): InFlightRequest {
  const upload = body === undefined || body instanceof Uint8Array ? undefined : body;
  const whole = body instanceof Uint8Array ? packed(body) : undefined;
  let post: Post = () => {};
  let finished = false;
  let room = WINDOW;
  // What was sent of the body until the worker begins the request: at most a window, kept for another worker.
  let sent: ToWorker[] | undefined = upload && [];
  let uploading = false;
  function forward(message: ToWorker): void {
    sent?.push(message);
    post(message);
  }

  const receiver: UploadReceiver = {
    data(bytes) {
      if (finished) return true;
      room -= bytes.length;
      // A copy: the caller owns the memory of `bytes`.
      const copy = new Uint8Array(bytes);
      if (sent === undefined) post({ type: 'body', id, bytes: copy }, [copy.buffer]);
      else forward({ type: 'body', id, bytes: copy });
      return room > 0;
    },
    end(trailers) {
      exchange.arriving = false;
      if (exchange.phase === 'waiting') moved();
      forward({ type: 'body-end', id, trailers });
    },
    fail(error) {
      exchange.arriving = false;
      // A guest that has begun its response decides itself what a client gets that stops sending.
      if (error !== undefined && (error.code !== 'body-timeout' || exchange.phase === 'waiting')) fail(error);
      forward({ type: 'body-failed', id });
    },
  };

  /** No other worker will need the part of the body that was sent. */
  function forget(): void {
    for (const message of sent ?? []) if (message.type === 'body') free(message.bytes);
    sent = undefined;
  }

  function enter(next: Phase): void {
    exchange.phase = next;
    moved();
  }

  function fail(error: WasmcpError): void {
    if (exchange.phase === 'over') return;
    gone();
    target.fail(error);
  }

  function gone(): void {
    if (exchange.phase === 'over') return;
    enter('over');
    post({ type: 'gone', id });
  }

  function credit(bytes: number): void {
    post({ type: 'credit', id, bytes });
    if (exchange.phase === 'streaming') moved();
  }

  function makeRoom(bytes: number): void {
    const waited = room <= 0;
    room += bytes;
    if (waited && room > 0) upload?.resume();
  }

  // No getters: an object literal with a getter has its own hidden class, which V8 keeps, together with the whole request,
  // until a full garbage collection.
  const exchange: InFlightRequest & { phase: Phase; arriving: boolean } = {
    id,
    phase: 'waiting',
    arriving: upload !== undefined,
    start(toWorker) {
      post = toWorker;
      post({ type: 'request', id, ...head, body: whole, follows: upload !== undefined });
      for (const message of sent ?? []) post(message);
      if (!uploading) upload?.start(receiver);
      uploading = true;
    },
    withdraw() {
      post = () => {};
    },
    receive(message) {
      forget();
      if (message.type === 'taken') makeRoom(message.bytes);
      // A guest that reads while the client still sends is waiting for the client, which counts as progress.
      const reads = exchange.phase === 'waiting' && exchange.arriving && message.type === 'taken';
      if (reads || exchange.phase === 'streaming') moved();
      if (exchange.phase === 'over') {
        if (message.type === 'chunk') free(message.bytes);
        return;
      }
      if (message.type === 'head') {
        target.head(message.status, message.headers);
        enter('streaming');
      } else if (message.type === 'answer') {
        target.head(message.status, message.headers);
        if (message.body !== '') target.chunk(Buffer.from(message.body, 'latin1'), credit);
        target.end([]);
        enter('over');
      } else if (message.type === 'chunk') {
        target.chunk(message.bytes, credit);
      } else if (message.type === 'end') {
        target.end(message.trailers);
        enter('over');
      }
    },
    gone,
    fail,
    finish() {
      finished = true;
      post = () => {};
      forget();
      upload?.stop();
      target.finished();
    },
  };
  return exchange;
}

/** The body in the form in which it is posted: a slice of a larger buffer would copy all of the buffer. */
function packed(body: Uint8Array): Uint8Array | string {
  const { buffer, byteOffset, byteLength } = body;
  if (byteLength <= SMALL) return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  return buffer.byteLength === byteLength ? body : body.slice();
}
