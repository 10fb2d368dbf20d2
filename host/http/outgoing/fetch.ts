import type { FieldList } from '../../io/source.ts';
import { Table } from '../../table.ts';
import type { OutgoingHttp, RequestEvents, Sending, SentRequest } from './transport.ts';

/** A function like the global `fetch`. */
export type Fetch = (request: Request) => Promise<Response>;

/**
 * Sends the requests of guests through `fetch`, which has to apply its own policy: only the form of a request is checked here.
 * `fetch` must not follow redirects. What `Request` and `Response` cannot represent is lost: trailers, bodies of GET and HEAD,
 * the boundaries between repeated fields other than `set-cookie`.
 */
export function outgoingFetch(fetch: Fetch): OutgoingHttp {
  const underWay = new Table<symbol, AbortController>();
  return {
    send(request, events) {
      const controller = new AbortController();
      const key = Symbol();
      underWay.add(key, controller);
      return start(fetch, request, events, controller, () => underWay.delete(key));
    },
    async close() {
      for (const controller of underWay.values()) controller.abort(new Error('closed'));
    },
  };
}

function start(
  fetch: Fetch,
  request: SentRequest,
  events: RequestEvents,
  controller: AbortController,
  over: () => void,
): Sending {
  let resumed: PromiseWithResolvers<void> | undefined;

  async function run(): Promise<void> {
    await request.allowed;
    if (controller.signal.aborted) return;
    const sent = toRequest(request, controller.signal);
    if (sent.body === null) void drain(request.body).catch(() => {});
    events.connecting();
    events.connected();
    const response = await fetch(sent);
    if (controller.signal.aborted) return response.body?.cancel();
    events.head({ status: response.status, headers: toFields(response.headers) });
    const reader = response.body?.getReader();
    controller.signal.addEventListener('abort', () => void reader?.cancel().catch(() => {}), { once: true });
    for (;;) {
      const next = await reader?.read();
      if (controller.signal.aborted) return;
      if (next?.value === undefined) break;
      events.data(next.value);
      await resumed?.promise;
    }
    events.ended([]);
  }

  queueMicrotask(() => {
    run()
      .catch((error: unknown) => {
        if (!controller.signal.aborted) events.failed(error);
      })
      .finally(over);
  });

  return {
    pause() {
      resumed ??= Promise.withResolvers();
    },
    resume() {
      resumed?.resolve();
      resumed = undefined;
    },
    abort(reason) {
      controller.abort(reason);
      resumed?.resolve();
    },
  };
}

function toRequest({ destination, method, path, headers, body }: SentRequest, signal: AbortSignal): Request {
  const fields = new Headers();
  for (let at = 0; at < headers.length; at += 2) fields.append(headers[at]!, headers[at + 1]!);
  const bodiless = method === 'GET' || method === 'HEAD' || body === undefined;
  return new Request(destination.origin + path, {
    method,
    headers: fields,
    redirect: 'manual',
    signal,
    // Node accepts any async iterable as a body; the DOM types do not.
    ...(!bodiless && { body: body as unknown as ReadableStream, duplex: 'half' }),
  });
}

/** Reads a body that is not sent, so that the guest does not wait for a reader. */
async function drain(body: SentRequest['body']): Promise<void> {
  const chunks = body?.[Symbol.asyncIterator]();
  let next = await chunks?.next();
  while (next?.done === false) next = await chunks?.next();
}

function toFields(headers: Headers): FieldList {
  return [...headers].map(([name, value]) => [name, Buffer.from(value, 'latin1')]);
}
