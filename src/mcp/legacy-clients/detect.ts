import type { Store } from '../../../host/index.ts';
import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { isEventStream } from '../edge/event-data.ts';
import type { MessageRoom } from '../edge/message-room.ts';
import { INVALID_REQUEST, OWN_ID, sendError } from '../edge/messages.ts';
import { probeTarget } from '../edge/probe.ts';
import { createRequestSequence, NO_GUEST, type RequestSequence } from '../edge/request-sequence.ts';
import { discard, sessionOf } from '../edge/session.ts';
import { parseJson } from '../json.ts';
import { isObject, type JsonObject, jsonText } from '../modern/client-message.ts';
import { collectBody, MAX_MESSAGE } from '../modern/collect-body.ts';
import { discoverRequest, supportedBy } from '../modern/discover.ts';
import type { ListeningPlaces } from '../modern/listen/places.ts';
import { isOwnSessionId } from './session-id.ts';

export interface DetectOptions {
  isPublic(request: GuestRequest): boolean;
  readonly inputWait: number;
  readonly places: ListeningPlaces;
  /** For messages that are read as a whole. */
  readonly room: MessageRoom;
  readonly settings: Store | undefined;
}

/** Longest response that is kept until it is known what the guest speaks, in bytes. */
const MAX_HELD = 64 * 1024;

/**
 * Serves clients of revisions with `initialize`, by `legacy` if the guest speaks one of them. Its first response shows whether it
 * does: such guests are asked nothing else, and nothing is loaded for them.
 */
export function withLegacyClients(guest: Handler, legacy: Handler, options: DetectOptions): Handler {
  let isLegacy = false;
  let modern: Handler | undefined;

  /** The guest is asked what it speaks; `otherwise` continues if it is not the newer revision. */
  function ask(
    request: GuestRequest,
    sequence: RequestSequence,
    target: ResponseWriter,
    otherwise: () => void,
  ): void {
    const probe = probeTarget(sequence.target, {
      id: jsonText(OWN_ID),
      about: 'what it speaks',
      judge: () => 'proceed',
      proceed(result) {
        if (supportedBy(result) === undefined) {
          isLegacy ||= !saysNothing(result.status);
          otherwise();
          return;
        }
        const discovered = result.response!.result as JsonObject;
        sequence.next(() => {
          void import('./edge.ts').then(({ createLegacyClients }) => {
            modern ??= options.room.around(createLegacyClients(guest, { ...options, discovered }));
            sequence.last(() => modern!(request, target));
          });
          return NO_GUEST;
        });
      },
    });
    sequence.next(() => guest(discoverRequest(request, OWN_ID), probe));
  }

  /** A request that shows what the guest speaks. */
  function attempt(received: GuestRequest, target: ResponseWriter): RequestHandle {
    const sequence = createRequestSequence(target, () => discard(received));
    const refuse = (status: number, text: string): void =>
      sequence.next(() => {
        sendError(sequence.target, undefined, { status, code: INVALID_REQUEST, text });
        return NO_GUEST;
      });
    sequence.next(() => {
      collectBody(received, {
        collected(body) {
          const receivedAt = body === received.body ? received.receivedAt : performance.now();
          judge({ ...received, body, receivedAt }, sequence);
        },
        tooLong: () => refuse(413, `the message is longer than ${MAX_MESSAGE} bytes`),
        failed(error) {
          if (error !== undefined) sequence.target.fail(error);
          else refuse(400, 'the body ended early');
        },
      });
      return NO_GUEST;
    });
    return sequence.call;
  }

  const attemptInRoom = options.room.around(attempt);

  function judge(request: GuestRequest, sequence: RequestSequence): void {
    const known = isLegacy ? legacy : modern;
    if (known !== undefined) {
      sequence.last(() => known(request, sequence.target));
      return;
    }
    const held = holdResponse(sequence.target, (status, body, release) => {
      const shown = shows(status, body);
      isLegacy ||= shown === 'legacy';
      if (shown === 'unclear') ask(request, sequence, sequence.target, release);
      else release();
    });
    // Not the last step: the guest may turn out to want another request.
    sequence.next(() => legacy(request, held));
  }

  return (request, target) => {
    if (isLegacy) return legacy(request, target);
    if (modern !== undefined) return modern(request, target);
    const session = sessionOf(request);
    if (isOwnSessionId(session)) {
      // The session was opened before a restart, or on another host.
      const sequence = createRequestSequence(target, () => discard(request));
      ask(request, sequence, sequence.target, () => sequence.last(() => legacy(request, sequence.target)));
      return sequence.call;
    }
    const tells = request.method === 'POST' && session === undefined && request.body !== undefined;
    return (tells ? attemptInRoom : legacy)(request, target);
  };
}

/** What a response to a client of an earlier revision shows of the guest. */
function shows(status: number, body: Uint8Array): 'legacy' | 'unclear' | 'nothing' {
  if (saysNothing(status)) return 'nothing';
  const message = parsed(body);
  if (status >= 400 || message?.error !== undefined) return 'unclear';
  if (!isObject(message?.result)) return 'nothing';
  return message.result.resultType === undefined ? 'legacy' : 'unclear';
}

/** The response is about the client or the load. */
function saysNothing(status: number): boolean {
  return (
    status < 200 || status === 401 || status === 403 || status === 408 || status === 429 || status >= 500
  );
}

/**
 * Keeps a response until it is complete, unless it is a stream of events or too long. `release` sends it to the client.
 */
function holdResponse(
  target: ResponseWriter,
  ended: (status: number, body: Uint8Array, release: () => void) => void,
): ResponseWriter {
  let status = 0;
  let headers: string[] = [];
  let isHeld = false;
  let parts: Uint8Array[] = [];
  let size = 0;

  function send(): void {
    target.head(status, headers);
    for (const part of parts) target.chunk(part, () => {});
    parts = [];
  }

  return wrapResponse(target, {
    head(code, list) {
      status = code;
      headers = list;
      isHeld = !isEventStream(list);
      if (!isHeld) target.head(code, list);
    },
    chunk(bytes, acknowledged) {
      if (!isHeld) return target.chunk(bytes, acknowledged);
      parts.push(bytes);
      size += bytes.length;
      acknowledged(bytes.length);
      if (size <= MAX_HELD) return;
      isHeld = false;
      send();
    },
    end(trailers) {
      if (!isHeld) return target.end(trailers);
      ended(status, Buffer.concat(parts), () => {
        send();
        target.end(trailers);
      });
    },
  });
}

function parsed({ buffer, byteOffset, length }: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = parseJson(Buffer.from(buffer, byteOffset, length).toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
