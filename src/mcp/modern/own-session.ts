import type { GuestRequest, Handler } from '../../http/handler.ts';
import { withHeader } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { INITIALIZED, messageFor, withoutBody } from '../edge/messages.ts';
import { probeTarget, verdictByStatus } from '../edge/probe.ts';
import { inSession } from '../edge/session.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { jsonText } from './client-message.ts';
import type { LegacyGuest } from './guest.ts';
import type { Asking, GuestProfiles } from './guest-profile.ts';
import { mayAsk } from './mrtr/capabilities.ts';

const ABOUT = 'a session for one request';

/**
 * A session of the guest that lives as long as one request, for guests that accept no request without one and whose sessions
 * cannot be switched off.
 */
export interface OwnSession {
  /** The client's response. When the guest has finished, the session ends. */
  readonly target: ResponseWriter;
  /** Called once the guest has finished, also after the client has left; at once if it has. */
  whenFinished(callback: () => void): void;
  /** The session was opened for this request. */
  adopt(request: GuestRequest, profile: LegacyGuest, session: string): void;
  /** Opens one, unless there is one. */
  open(profiles: GuestProfiles, asking: Asking, profile: LegacyGuest, ready: () => void): void;
  /** The request, in the session if there is one. */
  enter(request: GuestRequest): GuestRequest;
}

/** The request as a client of the guest's own revision sends it. */
export function forGuest(request: GuestRequest, { version }: LegacyGuest): GuestRequest {
  return { ...request, headers: withHeader(request.headers, VERSION_HEADER, version) };
}

export function createOwnSession(guest: Handler, target: ResponseWriter): OwnSession {
  let session: string | undefined;
  const endings: GuestRequest[] = [];
  let isFinished = false;
  const callbacks: (() => void)[] = [];

  function adopt(request: GuestRequest, profile: LegacyGuest, opened: string): void {
    session = opened;
    const ending = withoutBody(inSession(forGuest(request, profile), opened), 'DELETE');
    // It makes room, so it must not wait for room.
    endings.push({ ...ending, awaited: true });
  }

  function endAll([first, ...others]: readonly GuestRequest[], ended: () => void): void {
    for (const ending of others) guest(ending, nowhere(ignore));
    if (first === undefined) ended();
    else guest(first, nowhere(ended));
  }

  function enter(request: GuestRequest): GuestRequest {
    return session === undefined ? request : inSession(request, session);
  }

  return {
    target: wrapResponse(target, {
      finished() {
        isFinished = true;
        for (const callback of callbacks.splice(0)) callback();
        endAll(endings, target.finished);
      },
    }),
    whenFinished(callback) {
      if (isFinished) callback();
      else callbacks.push(callback);
    },
    adopt,
    enter,
    open(profiles, asking, profile, ready) {
      const { message, sequence } = asking;
      const initialized = (): void => {
        const { id, request } = message;
        const to = probeTarget(sequence.target, {
          id: jsonText(id),
          about: ABOUT,
          judge: verdictByStatus,
          proceed: ready,
        });
        sequence.next(() => guest(enter(forGuest(messageFor(request, INITIALIZED), profile)), to));
      };
      // One that was opened to look at the guest does not know what the client can be asked.
      if (session !== undefined && !mayAsk(message)) return initialized();
      profiles.initialize(asking, (_, opened) => {
        if (opened === undefined) return ready();
        adopt(message.request, profile, opened);
        initialized();
      });
    },
  };
}

function ignore(): void {}

/** Whatever the guest returns, there is nobody to tell. */
function nowhere(finished: () => void): ResponseWriter {
  return {
    head() {},
    chunk: (bytes, acknowledged) => acknowledged(bytes.length),
    end() {},
    fail() {},
    finished,
  };
}
