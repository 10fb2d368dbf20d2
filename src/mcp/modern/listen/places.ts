import { WasmcpError } from '../../../../host/index.ts';
import type { GuestRequest, Handler, RequestHandle } from '../../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../../http/response.ts';
import { readAccept } from '../../edge/accept.ts';
import { isEventStream } from '../../edge/event-data.ts';
import { type Refusal, SERVER_ERROR, sendError } from '../../edge/messages.ts';
import { NO_GUEST } from '../../edge/request-sequence.ts';
import { discard } from '../../edge/session.ts';
import { type Slot, Slots } from './slots.ts';

/**
 * Places of guests that listen for their clients: such guests stay, and must not take the places of all others. One without a client
 * is ended when another one needs its place.
 */
export interface ListeningPlaces {
  /**
   * Serves a request to listen. A response that is a stream has a place until its guest has finished; without one, `refuse` sends
   * the client's response instead. Nothing is asked of a guest while all places are taken: then this returns NO_GUEST.
   */
  serve(handler: Handler, request: GuestRequest, target: ResponseWriter, refuse: () => void): RequestHandle;
  /** Takes a place at once, until the guest has finished. Returns undefined if there is none. */
  hold(target: ResponseWriter): ResponseWriter | undefined;
  /** As `serve`, for guests that open their stream with GET; other responses to GET need no place. */
  withStreams(guest: Handler): Handler;
}

/** Most guests of a process that listen for their clients at once. */
const MAX_LISTENING = 32;

/** `live` is how many guests can be alive at once: half of them remain for requests that end soon. */
export function createListeningPlaces(live: number): ListeningPlaces {
  const slots = new Slots(Math.min(MAX_LISTENING, Math.floor(live / 2)));
  // Without any place, guests are asked nevertheless: most respond that they have no stream.
  const isFull = (): boolean => slots.limit > 0 && slots.isFull;

  /** Serves the request; its response takes a place when it turns out to be a stream. */
  function watch(
    handler: Handler,
    request: GuestRequest,
    target: ResponseWriter,
    refuse: () => void,
  ): RequestHandle {
    let slot: Slot | undefined;
    let isRefused = false;
    const handle = handler(
      request,
      wrapResponse(target, {
        head(status, headers, isIndependent) {
          const isStream = status === 200 && isEventStream(headers);
          if (isStream) slot = slots.take();
          isRefused = isStream && slot === undefined;
          if (!isRefused) return target.head(status, headers, isIndependent);
          refuse();
          // The guest may respond before there is anything to cancel.
          queueMicrotask(() => handle.cancel());
        },
        chunk(bytes, acknowledged) {
          if (isRefused) acknowledged(bytes.length);
          else target.chunk(bytes, acknowledged);
        },
        end(trailers) {
          if (!isRefused) target.end(trailers);
        },
        fail(error) {
          if (!isRefused) target.fail(error);
        },
        finished() {
          slot?.free();
          target.finished();
        },
      }),
    );
    return {
      cancel() {
        handle.cancel();
        slot?.left(() => handle.stop(new WasmcpError('queue-full', ENDED)));
      },
      stop: (failure) => handle.stop(failure),
    };
  }

  return {
    hold(target) {
      const slot = slots.take();
      if (slot === undefined) return undefined;
      return wrapResponse(target, {
        finished() {
          slot.free();
          target.finished();
        },
      });
    },
    serve(handler, request, target, refuse) {
      if (!isFull()) return watch(handler, request, target, refuse);
      refuse();
      return NO_GUEST;
    },
    withStreams: (guest) => (request, target) => {
      if (request.method !== 'GET') return guest(request, target);
      const refuse = (): void => sendError(target, undefined, NO_PLACE);
      if (!isFull() || !readAccept(request.headers).streams) return watch(guest, request, target, refuse);
      discard(request);
      refuse();
      target.finished();
      return NO_GUEST;
    },
  };
}

const ENDED = 'the guest was ended: its client had disconnected, and another one needed its place';

/** The error for a client for which there is none. */
export const NO_PLACE: Refusal = {
  status: 503,
  code: SERVER_ERROR,
  text: 'this host has no place for another stream of notifications; try again later',
  headers: ['retry-after', '10'],
};
