import type { MessagePort, Transferable } from 'node:worker_threads';
import type { HttpErrorCode } from '../../io/error.ts';
import { Table } from '../../table.ts';
import { errorCodeOf, OutgoingError } from './error-code.ts';
import type { Fetch } from './fetch.ts';

/** A request that crosses; its body is transferred. */
interface Question {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly [string, string][];
  readonly body: ReadableStream | null;
}

type ToOwner = Question | { readonly id: number; readonly aborted: true };

type Answer = { readonly id: number } & (
  | {
      readonly status: number;
      readonly headers: [string, string][];
      readonly body: ReadableStream | null;
    }
  | { readonly error: HttpErrorCode }
);

/**
 * Answers the requests that `connectFetch` sends through the other end of `port`, until either end closes. Does not
 * keep the process alive.
 */
export function serveFetch(fetch: Fetch, port: MessagePort): void {
  const underWay = new Table<number, AbortController>();

  async function answer({ id, url, body, ...init }: Question): Promise<void> {
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
      const { status, headers, body: answered } = await fetch(request);
      post(port, { id, status, headers: [...headers], body: answered }, answered);
    } catch (error) {
      post(port, { id, error: errorCodeOf(error) });
    }
    underWay.delete(id);
  }

  port.on('message', (message: ToOwner) => {
    if ('aborted' in message) underWay.get(message.id)?.abort();
    else void answer(message);
  });
  port.on('close', () => {
    for (const controller of underWay.clear()) controller.abort();
  });
  port.unref();
}

/** The function that `serveFetch` serves at the other end of `port`, typically on another thread. */
export function connectFetch(port: MessagePort): Fetch {
  const pending = new Table<number, PromiseWithResolvers<Response>>();
  let calls = 0;

  port.on('message', (answer: Answer) => {
    const call = pending.delete(answer.id);
    if ('error' in answer) call?.reject(new OutgoingError(answer.error));
    else if (call === undefined) void answer.body?.cancel();
    else call.resolve(new Response(answer.body, answer));
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

function post(port: MessagePort, message: ToOwner | Answer, body: ReadableStream | null = null): void {
  port.postMessage(message, body === null ? [] : [body as unknown as Transferable]);
}
