import { WasmcpError } from '../../../host/index.ts';
import type { GuestRequest, Handler, RequestHandle, Upload, UploadReceiver } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { type Refusal, SERVER_ERROR, sendError } from './messages.ts';
import { discard } from './session.ts';

/**
 * Room for messages that are kept in memory as a whole. Each gets room for all that it announces before any of it is read: messages
 * that waited half-read would wait for each other. So a client that announces much and sends little takes room from others, and is
 * the first to give way.
 */
export interface MessageRoom {
  /** `handler`, which gets a request once there is room for its body, and keeps the room until it has finished. */
  around(handler: Handler): Handler;
}

export interface MessageRoomOptions {
  /** Bytes of all messages. */
  readonly room: number;
  /** Milliseconds that a message may wait for room. */
  readonly wait: number;
  /** Milliseconds after which a message that is still arriving makes room for those that wait. */
  readonly slow: number;
}

/** Bytes of all messages that the edge keeps as a whole. */
const ROOM: number = 256 * 1024 ** 2;
const WAIT = 30_000;
const SLOW = 10_000;

/** Milliseconds between two looks for messages that arrive slowly, while others wait. */
const LOOK = 250;

const NO_ROOM: Refusal = {
  status: 503,
  code: SERVER_ERROR,
  text: 'this host has no room for another long message; try again later',
  headers: ['retry-after', '10'],
};

/** `longest` is the number of bytes that a message of unknown length may have. */
export function createMessageRoom(
  longest: number,
  { room, wait, slow }: MessageRoomOptions = { room: ROOM, wait: WAIT, slow: SLOW },
): MessageRoom {
  let used = 0;
  /** Messages that arrive, the oldest first. */
  const arriving = new Set<Arrival>();
  const waiting = new Set<{ readonly size: number; enter(): void }>();
  let look: NodeJS.Timeout | undefined;

  function release(size: number): void {
    used -= size;
    for (const next of waiting) {
      if (used + next.size > room) break;
      waiting.delete(next);
      next.enter();
    }
    if (waiting.size > 0) return;
    clearInterval(look);
    look = undefined;
  }

  function makeRoom(): void {
    const [oldest] = arriving;
    if (oldest !== undefined && performance.now() - oldest.since >= slow) oldest.fail();
  }

  function serve(
    handler: Handler,
    request: GuestRequest,
    target: ResponseWriter,
    size: number,
  ): RequestHandle {
    used += size;
    let held = size;
    // Many messages, such as those of `fetch`, do not say how short they are.
    const arrived = (bytes: number): void => {
      if (held === 0) return;
      release(held - bytes);
      held = bytes;
    };
    const arrival = new Arrival(request.body as Upload, () => arriving.delete(arrival), arrived);
    arriving.add(arrival);
    const finished = (): void => {
      arriving.delete(arrival);
      release(held);
      held = 0;
      target.finished();
    };
    return handler({ ...request, body: arrival }, wrapResponse(target, { finished }));
  }

  function queue(
    handler: Handler,
    request: GuestRequest,
    target: ResponseWriter,
    size: number,
  ): RequestHandle {
    let entered: RequestHandle | undefined;
    const place = {
      size,
      enter() {
        clearTimeout(timer);
        entered = serve(handler, request, target, size);
      },
    };
    const leave = (report: () => void): void => {
      clearTimeout(timer);
      if (!waiting.delete(place)) return;
      discard(request);
      report();
      target.finished();
    };
    const timer = setTimeout(() => leave(() => sendError(target, undefined, NO_ROOM)), wait);
    waiting.add(place);
    look ??= setInterval(makeRoom, LOOK).unref();
    return {
      cancel: () => (entered === undefined ? leave(() => {}) : entered.cancel()),
      stop: (failure) => (entered === undefined ? leave(() => target.fail(failure)) : entered.stop(failure)),
    };
  }

  return {
    around: (handler) => (request, target) => {
      if (request.body === undefined || request.body instanceof Uint8Array) return handler(request, target);
      const size = Math.min(sizeOf(request) ?? longest, longest);
      const fits = waiting.size === 0 && used + size <= room;
      return (fits ? serve : queue)(handler, request, target, size);
    },
  };
}

function sizeOf({ headers }: GuestRequest): number | undefined {
  const length = header(headers, 'content-length');
  return length === undefined ? undefined : Number(length);
}

/** A body that arrives, and can be given up. */
class Arrival implements Upload {
  readonly since: number = performance.now();
  readonly #upload: Upload;
  readonly #over: () => void;
  readonly #arrived: (bytes: number) => void;
  #receiver: UploadReceiver | undefined;

  /** `over` is called when nothing more will arrive, and `arrived` after all has. */
  constructor(upload: Upload, over: () => void, arrived: (bytes: number) => void) {
    this.#upload = upload;
    this.#over = over;
    this.#arrived = arrived;
  }

  start(receiver: UploadReceiver): void {
    this.#receiver = receiver;
    let received = 0;
    this.#upload.start({
      data: (bytes) => {
        received += bytes.length;
        return receiver.data(bytes);
      },
      end: (trailers) => {
        this.#over();
        receiver.end(trailers);
        this.#arrived(received);
      },
      fail: (error) => {
        this.#over();
        receiver.fail(error);
      },
    });
  }

  resume(): void {
    this.#upload.resume();
  }

  stop(): void {
    this.#over();
    this.#upload.stop();
  }

  /** The client gets an error. */
  fail(): void {
    this.#over();
    this.#receiver?.fail(
      new WasmcpError('body-timeout', 'the message arrived too slowly while others waited'),
    );
    this.#upload.stop();
  }
}
