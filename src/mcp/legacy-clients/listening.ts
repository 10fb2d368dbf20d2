import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { OWN_ID, sendStatus } from '../edge/messages.ts';
import { createRequestSequence } from '../edge/request-sequence.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { createParamHeaders } from '../modern/param-headers.ts';
import { createClientStream } from './client-stream.ts';
import { modernRequest } from './modern-request.ts';
import { readResponse } from './read-response.ts';
import type { Settings } from './settings.ts';

export interface ListenParts {
  readonly guest: Handler;
  readonly capabilities: JsonObject;
  /** `_meta` that describes the client. */
  readonly meta: JsonObject;
  readonly settings: Settings;
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const NO_HEADERS = createParamHeaders();

/** Whether the guest notifies anybody of anything. */
export function notifies(capabilities: JsonObject): boolean {
  return Object.keys(filterFor(capabilities, ['a resource'])).length > 0;
}

/**
 * The stream that a client opens with GET: it has what the guest sends for `subscriptions/listen` (MCP 2026-07-28,
 * "Subscriptions"). When the client subscribes to something else, another such request takes the place of the first.
 */
export function listen(
  { guest, capabilities, meta, settings }: ListenParts,
  request: GuestRequest,
  target: ResponseWriter,
): RequestHandle {
  const sequence = createRequestSequence(target, () => {});
  const stream = createClientStream(sequence.target);
  let current: RequestHandle | undefined;
  let count = 0;

  /** Listens to what the client wants now. */
  function renew(ready: () => void): void {
    const before = current;
    count += 1;
    const round = count;
    let isAcknowledged = false;
    const params = { notifications: filterFor(capabilities, [...settings.uris]) };
    const call = { id: `${OWN_ID}-listen-${round}`, method: 'subscriptions/listen', params };
    const acknowledge = (): void => {
      isAcknowledged = true;
      before?.cancel();
      stream.begin();
      ready();
    };

    const reader = readResponse(sequence.target, {
      message(message) {
        if (message.method === ACKNOWLEDGED) acknowledge();
        else if (message.method !== undefined) stream.send(withoutSubscription(message));
        else over();
      },
      passes: () => false,
      failed: () => over(),
      flush: (sent) => stream.flush(sent),
    });

    /** The guest's response ends: the client opens another stream if it wants to go on. */
    function over(): void {
      if (!isAcknowledged) ready();
      if (round !== count) return;
      leave();
      if (isAcknowledged || stream.hasBegun) {
        stream.end();
        stream.flush(() => {});
      } else sendStatus(sequence.target, 405);
    }

    sequence.next(() => {
      const sent = { ...request, receivedAt: performance.now() };
      current = guest(modernRequest(sent, call, meta, NO_HEADERS), reader);
      return current;
    });
  }

  function leave(): void {
    settings.listeners.delete(renew);
  }

  settings.listeners.add(renew);
  renew(() => {});
  return {
    cancel() {
      leave();
      sequence.call.cancel();
    },
    stop: sequence.call.stop,
  };
}

/** What the guest can notify of, as far as the client may want it. */
function filterFor(capabilities: JsonObject, uris: readonly string[]): JsonObject {
  const changes = (name: string): boolean =>
    isObject(capabilities[name]) && capabilities[name].listChanged === true;
  const { resources } = capabilities;
  const subscribes = isObject(resources) && resources.subscribe === true && uris.length > 0;
  return {
    ...(changes('tools') && { toolsListChanged: true }),
    ...(changes('prompts') && { promptsListChanged: true }),
    ...(changes('resources') && { resourcesListChanged: true }),
    ...(subscribes && { resourceSubscriptions: uris }),
  };
}

function withoutSubscription(message: JsonObject): JsonObject {
  if (!isObject(message.params) || !isObject(message.params._meta)) return message;
  const { _meta, ...params } = message.params;
  const { [SUBSCRIPTION]: _, ...meta } = _meta as JsonObject;
  return { ...message, params: Object.keys(meta).length > 0 ? { ...params, _meta: meta } : params };
}
