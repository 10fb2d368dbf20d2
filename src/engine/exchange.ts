import { free, type WasmcpError } from '../../host/index.ts';
import type { GuestRequest, UploadReceiver } from '../http/handler.ts';
import type { ResponseWriter } from '../http/response.ts';
import { type FromWorker, SMALL, type ToWorker, WINDOW } from './protocol.ts';

/** How far a response has come: not begun, begun, or nothing more of it will be delivered, whatever the reason. */
export type Phase = 'waiting' | 'streaming' | 'over';

/** Sends to the worker; the memory of `transfer` moves along. */
export type Post = (message: ToWorker, transfer?: ArrayBuffer[]) => void;

/** One request on its way through a worker, seen from the main thread. */
export interface Exchange {
  readonly id: number;
  readonly phase: Phase;
  /** More of the body may come. */
  readonly arriving: boolean;
  /** Gives the request to a worker; after `withdraw`, to another one. */
  start(post: Post): void;
  /** The worker did not begin it, and never will. */
  withdraw(): void;
  receive(message: FromWorker): void;
  /** The client went away. */
  gone(): void;
  /** Answers the client with a failure, or breaks off what was begun. Nothing is delivered afterwards. */
  fail(error: WasmcpError): void;
  /** The guest is done, its worker is, or there never will be one. */
  finish(): void;
}

/** `moved` is called when the response begins, gets on or is over, and before that with each part of an upload that is read. */
export function createExchange(
  id: number,
  { body, awaited: _awaited, receivedAt: _receivedAt, ...head }: GuestRequest,
  target: ResponseWriter,
  moved: () => void,
): Exchange {
  const upload = body === undefined || body instanceof Uint8Array ? undefined : body;
  const whole = body instanceof Uint8Array ? packed(body) : undefined;
  let post: Post = () => {};
  let finished = false;
  let room = WINDOW;
  // What the worker was sent of the body, until it shows that it has begun: at most a window, so that another one may.
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
      // A copy: the memory of what came is whoever's it was.
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
      // A guest that has begun to answer decides for itself what a client gets that sends no more.
      if (error !== undefined && (error.code !== 'body-timeout' || exchange.phase === 'waiting')) fail(error);
      forward({ type: 'body-failed', id });
    },
  };

  /** No other worker will need what was sent of the body. */
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

  // Not read through a getter: an object with one of its own has a hidden class of its own, which V8 keeps, and all of the
  // request with it, until the whole heap is collected.
  const exchange: Exchange & { phase: Phase; arriving: boolean } = {
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
      // A guest that reads as the client sends waits for the client; one that does not read is not waited for.
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

/** As it travels. A slice of larger memory would take all of that along. */
function packed(body: Uint8Array): Uint8Array | string {
  const { buffer, byteOffset, byteLength } = body;
  if (byteLength <= SMALL) return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  return buffer.byteLength === byteLength ? body : body.slice();
}
