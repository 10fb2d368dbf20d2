import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { OWN_ID, sendStatus } from '../edge/messages.ts';
import { createRequestSequence } from '../edge/request-sequence.ts';
import { isObject, type JsonObject } from '../modern/client-message.ts';
import { createParamHeaders } from '../modern/param-headers.ts';
import { createClientStream } from './client-stream.ts';
import { modernRequest } from './modern-request.ts';
import { readResponse } from './read-response.ts';
import type { Changed } from './session-settings.ts';

export interface ListenParts {
  readonly guest: Handler;
  readonly capabilities: JsonObject;
  /** `_meta` that describes the client. */
  readonly meta: JsonObject;
  /** Resources that the client has subscribed to. */
  readonly uris: readonly string[];
  /** Calls `changed` when it subscribes to others, until the returned function is called. */
  watch(changed: Changed): () => void;
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
  { guest, capabilities, meta, uris, watch }: ListenParts,
  request: GuestRequest,
  target: ResponseWriter,
): RequestHandle {
  const sequence = createRequestSequence(target, () => {});
  const stream = createClientStream(sequence.target);
  /** The request whose notifications the client gets. */
  let current: RequestHandle | undefined;
  /** The request that takes its place once the guest has acknowledged it. */
  let next: Round | undefined;
  /** What the client wants meanwhile. */
  let later: Later | undefined;
  let count = 0;

  function renew(wanted: readonly string[], ready: () => void): void {
    if (next === undefined) listenTo(wanted, [ready]);
    else later = { wanted, ready: [...(later?.ready ?? []), ready] };
  }

  function listenTo(wanted: readonly string[], ready: Round['ready']): void {
    count += 1;
    const params = { notifications: filterFor(capabilities, wanted) };
    const call = { id: `${OWN_ID}-listen-${count}`, method: 'subscriptions/listen', params };
    const round: Round = { handle: undefined, ready };
    next = round;
    const reader = readResponse(sequence.target, {
      message(message) {
        if (message.method === ACKNOWLEDGED) acknowledged(round);
        else if (message.method !== undefined) stream.send(withoutSubscription(message));
        else over(round);
      },
      passes: () => false,
      failed: () => over(round),
      flush: (sent) => stream.flush(sent),
    });
    sequence.next(() => {
      const sent = { ...request, receivedAt: performance.now() };
      round.handle = guest(modernRequest(sent, call, meta, NO_HEADERS), reader);
      return round.handle;
    });
  }

  function acknowledged(round: Round): void {
    if (round !== next) return;
    current?.cancel();
    current = round.handle;
    next = undefined;
    stream.begin();
    for (const ready of round.ready) ready();
    const following = later;
    later = undefined;
    if (following !== undefined) listenTo(following.wanted, following.ready);
  }

  /** The guest's response ends, and the client's with it: it opens another stream if it wants to go on. */
  function over(round: Round): void {
    const isReplaced = round !== next && (next !== undefined || round.handle !== current);
    if (isReplaced) return;
    release();
    if (stream.hasBegun) {
      stream.end();
      stream.flush(() => {});
    } else sendStatus(sequence.target, 405);
  }

  /** Nobody listens any more. */
  function release(): void {
    leave();
    current?.cancel();
    for (const ready of [...(next?.ready ?? []), ...(later?.ready ?? [])]) ready();
    next = undefined;
    later = undefined;
  }

  const leave = watch(renew);
  renew(uris, () => {});
  return {
    cancel() {
      release();
      sequence.call.cancel();
    },
    stop: sequence.call.stop,
  };
}

/** A request to listen that the guest has not acknowledged yet. */
interface Round {
  handle: RequestHandle | undefined;
  /** Called when it is acknowledged, or never will be. */
  readonly ready: readonly (() => void)[];
}

interface Later {
  readonly wanted: readonly string[];
  readonly ready: readonly (() => void)[];
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
