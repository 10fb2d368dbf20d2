import type { GuestRequest, Handler, RequestHandle } from '../../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../../http/response.ts';
import { type Refusal, SERVER_ERROR } from '../../edge/messages.ts';

/** Places of guests that listen for their clients: such guests stay, and must not take the places of all others. */
export interface ListeningPlaces {
  /** Serves the request if there is a place, until the guest has finished; `none` does otherwise. */
  serve(
    handler: Handler,
    request: GuestRequest,
    target: ResponseWriter,
    none: () => RequestHandle,
  ): RequestHandle;
}

/** Most guests of a process that listen for their clients at once: half of the live guests that one worker has. */
const MAX_LISTENING = 32;

export function createListeningPlaces(): ListeningPlaces {
  let taken = 0;
  return {
    serve(handler, request, target, none) {
      if (taken >= MAX_LISTENING) return none();
      taken += 1;
      return handler(
        request,
        wrapResponse(target, {
          finished() {
            taken -= 1;
            target.finished();
          },
        }),
      );
    },
  };
}

/** The error for a client for which there is none. */
export const NO_PLACE: Refusal = {
  status: 503,
  code: SERVER_ERROR,
  text: `this host already has ${MAX_LISTENING} streams of notifications; try again later`,
  headers: ['retry-after', '10'],
};
