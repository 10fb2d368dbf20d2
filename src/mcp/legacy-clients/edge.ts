import { type Store, WasmcpError } from '../../../host/index.ts';
import { COMPLETE, type GuestRequest, type Handler, type RequestHandle } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { readAccept } from '../edge/accept.ts';
import { INVALID_REQUEST, type Refusal, sendError, sendStatus } from '../edge/messages.ts';
import { createRequestSequence, NO_GUEST, type RequestSequence } from '../edge/request-sequence.ts';
import { discard, sessionOf } from '../edge/session.ts';
import type { JsonObject } from '../modern/client-message.ts';
import { collectBody, MAX_MESSAGE } from '../modern/collect-body.ts';
import { type ListeningPlaces, NO_PLACE } from '../modern/listen/places.ts';
import { createParamHeaders } from '../modern/param-headers.ts';
import { Conversation } from './conversation.ts';
import { createDescriptions } from './describe-guest.ts';
import { type ListenParts, listen, notifies } from './listening.ts';
import { describeClient } from './modern-request.ts';
import type { Parts, Step } from './parts.ts';
import { type Asker, createQuestions } from './questions.ts';
import { type LegacyRequest, readLegacyMessage, sessionFor } from './read-legacy.ts';
import { respondItself } from './respond-itself.ts';
import type { ClientSession } from './session-id.ts';
import { createSessionSettings } from './session-settings.ts';
import { createSettingsMemory, NO_SETTINGS, type Settings } from './settings.ts';
import { createStoredSettings } from './stored-settings.ts';

export interface LegacyClientsOptions {
  /** Whether the guest cannot tell the client of this request from others. */
  isPublic(request: GuestRequest): boolean;
  /** Milliseconds that a client has to respond to what the guest asks. */
  readonly inputWait: number;
  readonly places: ListeningPlaces;
  /** Where the settings of sessions are kept; undefined if they end with the process. */
  readonly settings: Store | undefined;
  /** What the guest returned for `server/discover`, for some client. */
  readonly discovered: JsonObject;
}

/** The level of log messages for clients that have not set one ("Logging" of MCP 2025-11-25: the server may decide). */
const DEFAULT_LEVEL = 'info';

/** Serves clients of revisions with `initialize` in front of a guest that speaks 2026-07-28 only. */
export function createLegacyClients(guest: Handler, options: LegacyClientsOptions): Handler {
  const parts: Parts = {
    guest,
    descriptions: createDescriptions(guest, options),
    questions: createQuestions(options.inputWait),
    mirrors: createParamHeaders(),
    settings: createSessionSettings(
      options.settings === undefined ? createSettingsMemory() : createStoredSettings(options.settings),
    ),
    places: options.places,
    underWay: new Map(),
  };
  return (request, target) => {
    const { method } = request;
    if (method === 'POST') return serve(parts, request, target);
    if (method === 'GET' && readAccept(request.headers).streams) return openStream(parts, request, target);
    if (method !== 'DELETE' || sessionOf(request) === undefined) return guest(request, target);
    // The edge keeps nothing that could end.
    return respond(request, target, () => sendStatus(target, 405, ['allow', 'POST, GET']));
  };
}

function respond(request: GuestRequest, target: ResponseWriter, send: () => void): RequestHandle {
  discard(request);
  send();
  target.finished();
  return COMPLETE;
}

function openStream(parts: Parts, request: GuestRequest, target: ResponseWriter): RequestHandle {
  const { guest, settings, descriptions, places } = parts;
  const found = sessionFor(request);
  if ('refusal' in found) return respond(request, target, () => sendError(target, undefined, found.refusal));
  const { session } = found;
  const { capabilities } = descriptions;
  if (!notifies(capabilities))
    return respond(request, target, () => sendStatus(target, 405, ['allow', 'POST']));
  const meta = describeClient(session, undefined);
  const sequence = createRequestSequence(target, () => discard(request));
  const open = ({ uris }: Settings): void =>
    sequence.next(() => {
      const placed = places.hold(sequence.target);
      if (placed !== undefined) {
        const watch: ListenParts['watch'] = (changed) => settings.watch(session.id, uris, changed);
        return listen({ guest, capabilities, meta, uris, watch }, request, placed);
      }
      sendError(sequence.target, undefined, NO_PLACE);
      return NO_GUEST;
    });
  if (session.id === '') open(NO_SETTINGS);
  else settings.load(session.id).then(open, failWith(sequence));
  return sequence.call;
}

/** Gives the client a failure of the store, unless it has gone. */
function failWith({ next, target }: RequestSequence): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof WasmcpError)) throw error;
    next(() => {
      target.fail(error);
      return NO_GUEST;
    });
  };
}

function serve(parts: Parts, received: GuestRequest, target: ResponseWriter): RequestHandle {
  const sequence = createRequestSequence(target, () => discard(received));
  let conversation: Conversation | undefined;
  const refuse = (status: number, text: string): void =>
    sequence.next(() => {
      sendError(sequence.target, undefined, { status, code: INVALID_REQUEST, text });
      return NO_GUEST;
    });

  sequence.next(() => {
    collectBody(received, {
      collected(body, outline) {
        const receivedAt = body === received.body ? received.receivedAt : performance.now();
        const request = { ...received, body, receivedAt };
        const session = sessionFor(request);
        if ('refusal' in session) return sendError(sequence.target, undefined, session.refusal);
        const message = readLegacyMessage(outline);
        if ('refusal' in message) return sendError(sequence.target, message.id, message.refusal);
        conversation = take(parts, { request, sequence, session: session.session, message });
      },
      tooLong: () => refuse(413, `the message is longer than ${MAX_MESSAGE} bytes`),
      failed(error) {
        if (error !== undefined) sequence.target.fail(error);
        else refuse(400, 'the body ended early');
      },
    });
    return NO_GUEST;
  });
  return {
    cancel() {
      conversation?.gone();
      sequence.call.cancel();
    },
    stop: sequence.call.stop,
  };
}

function take(parts: Parts, step: Step): Conversation | undefined {
  const { message, sequence } = step;
  if (message.kind === 'response') settle(parts, step, message.whole);
  else if (message.kind === 'notification') {
    if (message.method === 'notifications/cancelled') {
      parts.underWay.get(keyOf(step.session, message.params.requestId))?.cancel();
    }
    sendStatus(sequence.target, 202);
  } else if (!respondItself(parts, step, message)) return converse(parts, step, message);
  return undefined;
}

const UNKNOWN_RESPONSE: Refusal = {
  status: 400,
  code: INVALID_REQUEST,
  text: 'no request of this server waits for this response of this client',
};

function settle({ questions }: Parts, { request, session, sequence }: Step, response: JsonObject): void {
  const isExpected = questions.settle(askerOf(request, session), response);
  if (isExpected) sendStatus(sequence.target, 202);
  else sendError(sequence.target, undefined, UNKNOWN_RESPONSE);
}

function converse(
  { guest, questions, mirrors, settings, descriptions, underWay }: Parts,
  { request, session, sequence }: Step,
  { id, method, params }: LegacyRequest,
): Conversation {
  const key = keyOf(session, id);
  const logs = descriptions.capabilities.logging !== undefined;
  let meta = describeClient(session, undefined);
  const conversation = new Conversation({
    ...{ guest, questions, mirrors, request, sequence },
    asker: askerOf(request, session),
    call: { id, method, params },
    get meta() {
      return meta;
    },
    streams: readAccept(request.headers).streams,
    ended() {
      if (underWay.get(key) === conversation) underWay.delete(key);
    },
  });
  const start = ({ level = DEFAULT_LEVEL }: Settings): void => {
    if (logs) meta = describeClient(session, level);
    conversation.start();
  };
  underWay.set(key, conversation);
  const found = logs && session.id !== '' ? settings.recent(session.id) : NO_SETTINGS;
  // Without its store a host can still serve guests that need none.
  if (found instanceof Promise) found.then(start, () => start(NO_SETTINGS));
  else start(found as Settings);
  return conversation;
}

function askerOf(request: GuestRequest, { id, version }: ClientSession): Asker {
  return { session: id, version, authorization: header(request.headers, 'authorization') };
}

function keyOf({ id }: ClientSession, requestId: unknown): string {
  return `${JSON.stringify(requestId)} ${id}`;
}
