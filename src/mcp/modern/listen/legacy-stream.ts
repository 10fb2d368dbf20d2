import type { GuestRequest, Handler, RequestHandle } from '../../../http/handler.ts';
import { withHeader } from '../../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../../http/response.ts';
import { isEventStream } from '../../edge/event-data.ts';
import { messageFor, withoutBody } from '../../edge/messages.ts';
import { probeTarget } from '../../edge/probe.ts';
import { unknownMethod } from '../check-message.ts';
import { isObject, jsonText } from '../client-message.ts';
import type { LegacyGuest } from '../guest.ts';
import type { GuestProfiles } from '../guest-profile.ts';
import { forGuest } from '../own-session.ts';
import type { Step } from '../step.ts';
import { notificationStream } from './notification-stream.ts';
import { type ListeningPlaces, NO_PLACE } from './places.ts';
import { acknowledgeable, declaresChanges, type Wanted, wantedOf } from './wanted.ts';

/** Notifications of guests that send them in a stream of their own, which clients up to 2025-11-25 open with GET. */
export interface LegacyStreams {
  /** Whether the guest has such a stream; asked once, and only of guests that say that they notify of changes. */
  find(step: Step, profile: LegacyGuest, found: (hasStream: boolean) => void): void;
  /** Serves `subscriptions/listen` (MCP 2026-07-28, "Subscriptions"). */
  listen(step: Step, profile: LegacyGuest): void;
}

/** Milliseconds that a guest has to open its stream when it is asked whether it has one. */
const PROBE_TIME = 1000;

export function createLegacyStreams(
  guest: Handler,
  profiles: GuestProfiles,
  places: ListeningPlaces,
): LegacyStreams {
  let known: boolean | undefined;
  const follower =
    (step: Step): Handler =>
    (request, target) =>
      places.serve(guest, request, target, () => step.exchange.refuse(step.sequence.target, NO_PLACE));

  /** Opens a session if the guest wants one. */
  function inSession(step: Step, profile: LegacyGuest, ready: () => void): void {
    if (profile.keepsSessions) step.own.open(profiles, step, profile, ready);
    else ready();
  }

  return {
    find(step, profile, found) {
      if (known !== undefined) found(known);
      else if (!declaresChanges(profile.initialized.capabilities)) found(false);
      else {
        inSession(step, profile, () =>
          look(guest, step, profile, (hasStream, isCertain) => {
            if (isCertain) known = hasStream;
            found(hasStream);
          }),
        );
      }
    },
    listen(step, profile) {
      const { capabilities } = profile.initialized;
      if (known === false || !isObject(capabilities) || !declaresChanges(capabilities)) {
        step.exchange.refuse(step.sequence.target, unknownMethod(step.message.method));
        return;
      }
      const wanted = acknowledgeable(wantedOf(step.message.params.notifications), capabilities);
      inSession(step, profile, () =>
        subscribe(guest, step, profile, wanted.uris, (uris) =>
          follow(follower(step), step, profile, { ...wanted, uris }, (status) => {
            if (isNone(status)) known = false;
          }),
        ),
      );
    },
  };
}

/** Whether this response to GET says that the guest has no stream ("Streamable HTTP", section "Listening for Messages from the Server"). */
function isNone(status: number): boolean {
  return status === 404 || status === 405;
}

/** Looks at the head of the stream, and leaves it. */
function look(
  guest: Handler,
  step: Step,
  profile: LegacyGuest,
  found: (hasStream: boolean, isCertain: boolean) => void,
): void {
  let handle: RequestHandle | undefined;
  let isDecided = false;
  // Some guests send the head together with the first event.
  const timer = setTimeout(() => {
    decide(false, false);
    handle?.cancel();
  }, PROBE_TIME);
  function decide(hasStream: boolean, isCertain: boolean): void {
    clearTimeout(timer);
    if (isDecided) return;
    isDecided = true;
    found(hasStream, isCertain);
  }
  const target: ResponseWriter = wrapResponse(step.sequence.target, {
    head(status, headers) {
      const hasStream = status === 200 && isEventStream(headers);
      // The guest may respond before there is anything to cancel.
      if (hasStream) queueMicrotask(() => handle?.cancel());
      decide(hasStream, hasStream || isNone(status));
    },
    chunk: (bytes, acknowledged) => acknowledged(bytes.length),
    end: () => decide(false, false),
    fail: () => decide(false, false),
    finished() {
      clearTimeout(timer);
      isDecided = true;
      step.sequence.target.finished();
    },
  });
  step.sequence.next(() => {
    handle = guest(streamRequest(step, profile), target);
    return handle;
  });
}

/** Subscribes to resources, one after another; `ready` is called with those that the guest accepts. */
function subscribe(
  guest: Handler,
  step: Step,
  profile: LegacyGuest,
  wanted: readonly string[],
  ready: (uris: string[]) => void,
): void {
  const uris: string[] = [];
  const next = (index: number): void => {
    const uri = wanted[index];
    if (uri === undefined) {
      ready(uris);
      return;
    }
    const call = { jsonrpc: '2.0', id: index, method: 'resources/subscribe', params: { uri } };
    const target = probeTarget(step.sequence.target, {
      id: jsonText(step.message.id),
      about: 'a subscription',
      judge: () => 'proceed',
      proceed({ status, response }) {
        if (status === 200 && isObject(response?.result)) uris.push(uri);
        next(index + 1);
      },
    });
    const request = messageFor(step.message.request, Buffer.from(JSON.stringify(call)));
    step.sequence.next(() => guest(step.own.enter(forGuest(request, profile)), target));
  };
  next(0);
}

/** The stream of the guest becomes the client's. */
function follow(
  guest: Handler,
  step: Step,
  profile: LegacyGuest,
  wanted: Wanted,
  failed: (status: number) => void,
): void {
  const { sequence, message, exchange } = step;
  exchange.isOwn = true;
  const refuse = (status: number): void => {
    failed(status);
    exchange.refuse(sequence.target, unknownMethod(message.method));
  };
  const target = notificationStream(sequence.target, message.id, wanted, refuse);
  sequence.last(() => guest(streamRequest(step, profile), target));
}

function streamRequest({ message: { request }, own }: Step, profile: LegacyGuest): GuestRequest {
  const bare = withoutBody(request, 'GET');
  const headers = withHeader(bare.headers, 'accept', 'text/event-stream');
  return own.enter(forGuest({ ...bare, headers }, profile));
}
