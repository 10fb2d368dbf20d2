import { STATUS_CODES } from 'node:http';
import type { GuestRequest, ResponseTarget } from '../engine/exchange.ts';
import type { Pool } from '../engine/pool.ts';
import { limited } from './limits.ts';

/** Statuses whose responses have no body (Fetch, "null body status"). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Serves `Request`s without a socket. Trailers have no place in `fetch` and are dropped. */
export function createFetch(
  pool: Pick<Pool, 'handle'>,
  maxBody: number,
): (request: Request) => Promise<Response> {
  return (request) =>
    new Promise((resolve) => {
      const { target, onCancel } = createTarget(resolve);
      const exchange = pool.handle(toGuest(request, maxBody), target);
      onCancel(() => exchange.gone());
      request.signal.addEventListener('abort', () => exchange.gone(), { once: true });
    });
}

function toGuest(request: Request, maxBody: number): GuestRequest {
  const url = new URL(request.url);
  return {
    method: request.method,
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    authority: url.host,
    path: url.pathname + url.search,
    headers: [...request.headers].flat(),
    body: request.body === null ? undefined : limited(request.body, maxBody),
  };
}

function createTarget(answer: (response: Response) => void): {
  target: ResponseTarget;
  onCancel: (cancel: () => void) => void;
} {
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  let cancelled = (): void => {};
  /** Bytes handed to the stream and not yet read; reported as taken when the reader asks for more. */
  let unread: (() => void)[] = [];

  const target: ResponseTarget = {
    head(status, headers) {
      const body = NULL_BODY.has(status)
        ? null
        : new ReadableStream<Uint8Array>({
            start(controller) {
              stream = controller;
            },
            pull() {
              const taken = unread;
              unread = [];
              for (const report of taken) report();
            },
            cancel: () => cancelled(),
          });
      const list = new Headers();
      for (let i = 0; i < headers.length; i += 2) list.append(headers[i]!, headers[i + 1]!);
      answer(new Response(body, { status, headers: list }));
    },
    chunk(bytes, taken) {
      unread.push(() => taken(bytes.length));
      stream?.enqueue(bytes);
    },
    end() {
      stream?.close();
    },
    fail(error) {
      if (stream !== undefined) stream.error(error);
      else
        answer(new Response(`${STATUS_CODES[error.httpStatus] ?? 'Error'}\n`, { status: error.httpStatus }));
    },
  };
  return {
    target,
    onCancel(cancel) {
      cancelled = cancel;
    },
  };
}
