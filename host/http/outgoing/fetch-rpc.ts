import type { MessagePort, Transferable } from 'node:worker_threads';
import type { HttpErrorCode } from '../../io/error.ts';
import { Table } from '../../table.ts';
import { errorCodeOf, OutgoingError } from './error-code.ts';
import type { Fetch } from './fetch.ts';

/** A request to the other end; its body is transferred. */
interface RequestMessage {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly [string, string][];
  readonly body: ReadableStream | null;
}

type ToServer = RequestMessage | { readonly id: number; readonly aborted: true };

type Reply = { readonly id: number } & (
  | {
      readonly status: number;
      readonly headers: [string, string][];
      readonly body: ReadableStream | null;
    }
  | { readonly error: HttpErrorCode }
);

/**
 * Serves `fetch` to a `connectFetch` at the other end of `port` until either end closes. Does not keep the process alive.
 */
export function serveFetch(fetch: Fetch, port: MessagePort): void {
  const underWay = new Table<number, AbortController>();

  async function reply({ id, url, body, ...init }: RequestMessage): Promise<void> {
    const controller = new AbortController();
    underWay.add(id, controller);
    try {
      const request = new Request(url, {
        ...init,
        headers: [...init.headers],
        redirect: 'manual',
        signal: controller.signal,
        ...(body !== null && { body, duplex: 'half' }),
      });
      const { status, headers, body: received } = await fetch(request);
      post(port, { id, status, headers: [...headers], body: received }, received);
    } catch (error) {
      post(port, { id, error: errorCodeOf(error) });
    }
    underWay.delete(id);
  }

  port.on('message', (message: ToServer) => {
    if ('aborted' in message) underWay.get(message.id)?.abort();
    else void reply(message);
  });
  port.on('close', () => {
    for (const controller of underWay.clear()) controller.abort();
  });
  port.unref();
}

/** Connects to the function that `serveFetch` serves at the other end of `port`, typically in another thread. */
export function connectFetch(port: MessagePort): Fetch {
  const pending = new Table<number, PromiseWithResolvers<Response>>();
  let calls = 0;

  port.on('message', (reply: Reply) => {
    const call = pending.delete(reply.id);
    if ('error' in reply) call?.reject(new OutgoingError(reply.error));
    else if (call === undefined) void reply.body?.cancel();
    else call.resolve(new Response(reply.body, reply));
  });
  port.unref();

  return (request) => {
    const { url, method, headers, body, signal } = request;
    const id = calls++;
    const call = Promise.withResolvers<Response>();
    pending.add(id, call);
    const abort = (): void => {
      if (pending.delete(id) === undefined) return;
      post(port, { id, aborted: true });
      call.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    post(port, { id, url, method, headers: [...headers], body }, body);
    return call.promise;
  };
}

function post(port: MessagePort, message: ToServer | Reply, body: ReadableStream | null = null): void {
  port.postMessage(message, body === null ? [] : [body as unknown as Transferable]);
}
