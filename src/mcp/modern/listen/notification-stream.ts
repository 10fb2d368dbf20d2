import { type ResponseWriter, wrapResponse } from '../../../http/response.ts';
import { isEventStream } from '../../edge/event-data.ts';
import { writeJson } from '../../long-values/long-value.ts';
import { isObject, type JsonObject } from '../client-message.ts';
import { MessageReader } from '../message-reader.ts';
import { filterOf, includes, type Wanted } from './wanted.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/**
 * Where the stream of a guest goes: it becomes the response to `subscriptions/listen`. `refused` is called with the status if the
 * guest's response is no stream; 0 if there is none.
 */
export function notificationStream(
  client: ResponseWriter,
  id: string | number,
  wanted: Wanted,
  refused: (status: number) => void,
): ResponseWriter {
  let isOpen = false;
  let code = 0;
  let events = '';

  function tagged(params: unknown): JsonObject {
    const { _meta, ...others } = isObject(params) ? params : {};
    return { ...others, _meta: { ...(isObject(_meta) ? _meta : {}), [SUBSCRIPTION]: id } };
  }

  function add(message: JsonObject): void {
    events += `event: message\ndata: ${writeJson({ jsonrpc: '2.0', ...message })}\n\n`;
  }

  function flush(sent: () => void): void {
    const bytes = Buffer.from(events);
    events = '';
    if (bytes.length === 0) sent();
    else client.chunk(bytes, sent);
  }

  const messages = new MessageReader((message) => {
    if (message.id === undefined && includes(wanted, message)) {
      add({ method: message.method, params: tagged(message.params) });
    }
  });

  return wrapResponse(client, {
    head(status, headers) {
      code = status;
      isOpen = status === 200 && isEventStream(headers) && messages.begin(headers);
      if (!isOpen) return;
      client.head(200, ['content-type', 'text/event-stream', 'cache-control', 'no-cache']);
      const method = 'notifications/subscriptions/acknowledged';
      add({ method, params: tagged({ notifications: filterOf(wanted) }) });
      flush(() => {});
    },
    chunk(bytes, acknowledged) {
      if (isOpen) messages.read(bytes);
      flush(() => acknowledged(bytes.length));
    },
    end(trailers) {
      if (!isOpen) return refused(code);
      // "Graceful Closure"
      add({ id, result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: id } } });
      flush(() => {});
      client.end(trailers);
    },
    fail(error) {
      if (isOpen) client.fail(error);
      else refused(code);
    },
  });
}
