import { WasmcpError } from '../../host/index.ts';
import type { FromWorker, RequestMessage, ToWorker } from './protocol.ts';
import { WINDOW } from './protocol.ts';

/** A request as the front hands it to the engine. */
export interface GuestRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  /** Path with query. */
  readonly path: string;
  /** Flat list, latin1 values. */
  readonly headers: string[];
  readonly body: Uint8Array | undefined | AsyncIterable<Uint8Array>;
  /** Trailers of a streamed body, flat, once it has ended. */
  readonly trailers?: () => string[];
}

/** Where the engine puts the response. Either `head`, chunks and `end`, or `fail`, at any time, as the last call. */
export interface ResponseTarget {
  head(status: number, headers: string[]): void;
  /** `taken(bytes.length)` has to be called once the bytes have left: back-pressure hangs on it. */
  chunk(bytes: Uint8Array, taken: (bytes: number) => void): void;
  end(trailers: string[]): void;
  fail(error: WasmcpError): void;
}

/** One request on its way through a worker, seen from the main thread. */
export interface Exchange {
  readonly id: number;
  /** Head sent: the deadline for a first answer is met. */
  readonly answered: boolean;
  /** Nothing more will be delivered: the response is complete, has failed, or nobody waits for it. */
  readonly closed: boolean;
  message(): RequestMessage;
  /** Hands the exchange to a worker; `post` reaches it. */
  start(post: (message: ToWorker) => void): void;
  receive(message: FromWorker): void;
  /** The client went away. */
  gone(): void;
  /** Ends the exchange for the client; nothing is delivered afterwards. */
  fail(error: WasmcpError): void;
  /** The guest is done, or its worker is: waiting body reads are let go. */
  finish(): void;
}

export function createExchange(
  id: number,
  request: GuestRequest,
  target: ResponseTarget,
  activity: () => void,
): Exchange {
  let post: (message: ToWorker) => void = () => {};
  let answered = false;
  let closed = false;
  let finished = false;
  let credit = WINDOW;
  let wakePump: (() => void) | undefined;

  const streamed = request.body !== undefined && !(request.body instanceof Uint8Array);

  async function pump(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of body) {
        while (credit <= 0 && !finished) {
          await new Promise<void>((resolve) => {
            wakePump = resolve;
          });
        }
        if (finished) return;
        credit -= bytes.length;
        // A copy of its own: node:http hands out slices of a shared 64 KiB slab.
        post({ type: 'body', id, bytes: new Uint8Array(bytes) });
      }
      post({ type: 'body-end', id, trailers: request.trailers?.() ?? [] });
    } catch (error) {
      if (error instanceof WasmcpError) fail(error);
      post({ type: 'body-failed', id });
    }
  }

  function fail(error: WasmcpError): void {
    if (closed) return;
    closed = true;
    target.fail(error);
  }

  function taken(bytes: number): void {
    post({ type: 'credit', id, bytes });
    activity();
  }

  return {
    id,
    get answered() {
      return answered;
    },
    get closed() {
      return closed;
    },
    message: () => ({
      type: 'request',
      id,
      method: request.method,
      scheme: request.scheme,
      authority: request.authority,
      path: request.path,
      headers: request.headers,
      body: streamed ? 'follows' : (request.body as Uint8Array | undefined),
    }),
    start(newPost) {
      post = newPost;
      if (streamed) void pump(request.body as AsyncIterable<Uint8Array>);
    },
    receive(message) {
      activity();
      if (message.type === 'taken') {
        credit += message.bytes;
        wakePump?.();
        return;
      }
      if (closed) return;
      if (message.type === 'head') {
        answered = true;
        target.head(message.status, message.headers);
      } else if (message.type === 'chunk') {
        target.chunk(message.bytes, taken);
      } else if (message.type === 'end') {
        closed = true;
        target.end(message.trailers);
      }
    },
    gone() {
      if (closed) return;
      closed = true;
      post({ type: 'gone', id });
    },
    fail,
    finish() {
      finished = true;
      wakePump?.();
      post = () => {};
    },
  };
}
