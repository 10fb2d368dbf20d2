import type { Store } from '../../../host/index.ts';
import { COMPLETE, type GuestRequest, type Handler, type RequestHandle } from '../../http/handler.ts';
import { header, withoutHeaders } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import { DEFAULTS } from '../../options/defaults.ts';
import { createInitialize } from '../edge/initialize.ts';
import { INVALID_REQUEST, sendResult, sendStatus } from '../edge/messages.ts';
import { createRequestSequence, NO_GUEST } from '../edge/request-sequence.ts';
import { discard } from '../edge/session.ts';
import { withoutSessions } from '../wasmcp-quirks.ts';
import { checkMessage, isServed, LISTEN, SUPPORTED, unknownMethod } from './check-message.ts';
import { jsonText, readMessage } from './client-message.ts';
import { UNSUPPORTED_VERSION } from './codes.ts';
import { collectBody, MAX_MESSAGE } from './collect-body.ts';
import { discoverResult } from './discover.ts';
import { Exchange } from './exchange.ts';
import type { GuestProfile, LegacyGuest } from './guest.ts';
import { createGuestProfiles, type GuestProfiles } from './guest-profile.ts';
import { createLegacyStreams, type LegacyStreams } from './listen/legacy-stream.ts';
import { type ListeningPlaces, NO_PLACE } from './listen/places.ts';
import { FirstAsking, passOn } from './mrtr/asking.ts';
import { mayAsk } from './mrtr/capabilities.ts';
import { checkInput, continueCall, continues, type LoadInputs, loadInputs } from './mrtr/retry.ts';
import { createOwnSession, forGuest } from './own-session.ts';
import { createParamHeaders, type ParamHeaders } from './param-headers.ts';
import type { StateOptions } from './state/options.ts';
import { createOwners, type Owners } from './state/owner.ts';
import { createState, type State } from './state/state.ts';
import type { Step } from './step.ts';
import { watchCall } from './tasks/call.ts';
import { declaresTasks, isTaskMethod } from './tasks/extension.ts';
import type { TaskService } from './tasks/service.ts';
import { translateResponse } from './translate-response.ts';

export interface ModernOptions {
  /** The guest has clients with tokens: what it returns may depend on them. */
  readonly authorizes: boolean;
  /** How clients keep state; undefined if they do not. */
  readonly state?: StateOptions | undefined;
  /** Where the edge keeps state of its own; undefined for guests that are played by tests. */
  readonly store?: Store | undefined;
  /** Makes tasks of calls that take long; undefined for none. */
  readonly tasks?: TaskService | undefined;
  /** Milliseconds that a guest may wait for a response of its client; the default of servers if it is undefined. */
  readonly inputWait?: number;
  /** Where settings of clients of earlier revisions are kept; undefined if they end with the process. */
  readonly settings?: Store | undefined;
  /** How many guests can be alive at once; the default of servers if it is undefined. */
  readonly live?: number;
}

interface Parts {
  readonly guest: Handler;
  /** The guest without sessions, if they can be switched off. */
  readonly stateless: Handler;
  /** The way of clients that keep sessions. */
  readonly sessions: Handler;
  readonly state: State;
  readonly profiles: GuestProfiles;
  readonly owners: Owners;
  readonly store: Store | undefined;
  readonly tasks: TaskService | undefined;
  readonly params: ParamHeaders;
  /** Keeps calls whose guests ask their clients; undefined where that is not possible. Loaded when it is needed. */
  readonly inputs: LoadInputs | undefined;
  readonly streams: LegacyStreams;
  readonly places: ListeningPlaces;
  isPublic(request: GuestRequest): boolean;
}

/** Serves clients of 2026-07-28 in front of a guest of any revision. */
export function createModernEdge(
  guest: Handler,
  sessions: Handler,
  places: ListeningPlaces,
  { authorizes, state, store, tasks, inputWait = DEFAULTS.inputWait }: ModernOptions,
): Handler {
  const isPublic = (request: GuestRequest): boolean => !authorizes && !hasCredentials(request);
  const stateless: Handler = (request, target) => guest(withoutSessions(request), target);
  const profiles = createGuestProfiles(stateless, createInitialize(stateless), isPublic);
  const owners = createOwners(stateless, profiles, authorizes);
  const parts: Parts = {
    ...{ guest, stateless, sessions, profiles, isPublic, store, tasks, owners },
    inputs: store && loadInputs({ store, owners, inputWait, watch: (step) => watched(tasks, step) }),
    params: createParamHeaders(),
    places,
    streams: createLegacyStreams(stateless, profiles, places),
    state: createState({ stateless, sessions, profiles, store }, state),
  };
  return (request, target) => {
    if (request.method === 'POST') return serve(parts, request, target);
    discard(request);
    sendStatus(target, 405, ['allow', 'POST']);
    target.finished();
    return COMPLETE;
  };
}

function serve(parts: Parts, received: GuestRequest, target: ResponseWriter): ReturnType<Handler> {
  // Neither has a meaning in this revision ("Streamable HTTP", section "Earlier Streamable HTTP Revisions").
  const headers = withoutHeaders(received.headers, 'mcp-session-id', 'last-event-id');
  const exchange = new Exchange(headers, !parts.isPublic(received), parts);
  const translated = translateResponse(target, exchange);
  const own = createOwnSession(parts.stateless, translated.writer);
  const sequence = createRequestSequence(own.target, () => discard(received));
  exchange.stop = sequence.call.stop;
  const refuse = (status: number, text: string): void =>
    exchange.refuse(sequence.target, { status, code: INVALID_REQUEST, text });

  sequence.next(() => {
    collectBody(received, {
      collected(body, outline) {
        const receivedAt = body === received.body ? received.receivedAt : performance.now();
        const request = { ...received, headers, body, receivedAt };
        const { message, refusal, id } = readMessage(request, body, outline);
        if (refusal !== undefined) exchange.refuse(sequence.target, refusal, id);
        else if (message === undefined) sendStatus(sequence.target, 202);
        else {
          exchange.message = message;
          admit(parts, { exchange, message, sequence, own, translated });
        }
      },
      tooLong: () =>
        sequence.next(() => {
          refuse(413, `the message is longer than ${MAX_MESSAGE} bytes`);
          return NO_GUEST;
        }),
      failed(error) {
        if (error !== undefined) return sequence.target.fail(error);
        sequence.next(() => {
          refuse(400, 'the body ended early');
          return NO_GUEST;
        });
      },
    });
    return NO_GUEST;
  });
  const { call } = sequence;
  return {
    cancel() {
      // What remains is the task's.
      if (exchange.isDetached) return;
      exchange.hasLeft = true;
      if (exchange.failure !== undefined) call.stop(exchange.failure);
      call.cancel();
    },
    stop: call.stop,
  };
}

/** Sends on what is well-formed, once it is known what the guest speaks. */
function admit(parts: Parts, step: Step): void {
  const { exchange, message, sequence } = step;
  const early = checkMessage(message, SUPPORTED);
  if (early !== undefined && early.code !== UNSUPPORTED_VERSION) {
    exchange.refuse(sequence.target, early);
    return;
  }
  const describes = message.method === 'server/discover' || message.method === LISTEN;
  const find = describes ? parts.profiles.describe : parts.profiles.find;
  find(step, (profile, session) => {
    if (session !== undefined) step.own.adopt(message.request, profile as LegacyGuest, session);
    const supported = profile.era === 'modern' ? profile.supported : SUPPORTED;
    const refusal = checkMessage(message, supported);
    if (refusal !== undefined) exchange.refuse(sequence.target, refusal);
    else pass(parts, step, profile);
  });
}

function pass(parts: Parts, step: Step, profile: GuestProfile): void {
  const { exchange, message, sequence } = step;
  exchange.profile = profile;
  if (profile.era === 'modern') {
    sequence.last(() => passToModern(parts, step));
    return;
  }
  const { method, id } = message;
  const refusal = isServed(method)
    ? (parts.params.check(message) ?? checkInput(message))
    : unknownMethod(method);
  const { tasks } = parts;
  if (method === 'server/discover') {
    parts.streams.find(step, profile, (hasStream) =>
      sendResult(sequence.target, jsonText(id), discoverResult(profile, tasks !== undefined, hasStream)),
    );
  } else if (method === LISTEN) parts.streams.listen(step, profile);
  else if (tasks !== undefined && isTaskMethod(method)) tasks.serve(parts.owners, step, profile);
  else if (refusal !== undefined) exchange.refuse(sequence.target, refusal);
  else if (continues(message)) continueCall(parts.inputs, step, profile);
  else {
    parts.owners.claim(step, profile, (owner) => {
      exchange.owner = owner;
      passToLegacy(parts, watched(tasks, step), profile);
    });
  }
}

/** The step that is taken instead, if the call may become a task. */
function watched(tasks: TaskService | undefined, step: Step): Step {
  const { method, meta } = step.message;
  const mayTake = tasks !== undefined && method === 'tools/call' && declaresTasks(meta);
  return mayTake ? watchCall(tasks, step) : step;
}

function passToModern({ guest, places }: Parts, { exchange, message, sequence }: Step): RequestHandle {
  if (message.method !== LISTEN) return guest(message.request, sequence.target);
  return places.serve(guest, message.request, sequence.target, () =>
    exchange.refuse(sequence.target, NO_PLACE),
  );
}

function passToLegacy(parts: Parts, step: Step, profile: LegacyGuest): void {
  const { exchange, message, sequence, own } = step;
  const { inputs } = parts;
  if (inputs && mayAsk(message)) exchange.asking = new FirstAsking(step, inputs);
  parts.state.serve(step, profile, () => {
    if (profile.keepsSessions) own.open(parts.profiles, step, profile, forward);
    else forward();
  });

  function forward(): void {
    const enter = (request: GuestRequest): GuestRequest => own.enter(forGuest(request, profile));
    const request = enter({ ...message.request, headers: exchange.guestHeaders });
    sequence.last(() => passOn(exchange, request, parts.stateless, sequence.target, enter));
  }
}

/** What a guest could tell clients by. */
export function hasCredentials({ headers }: GuestRequest): boolean {
  return header(headers, 'authorization') !== undefined || header(headers, 'cookie') !== undefined;
}
