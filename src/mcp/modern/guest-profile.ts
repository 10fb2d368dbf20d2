import type { GuestRequest, Handler } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { type Initialize, NEWEST_WITH_SESSIONS } from '../edge/initialize.ts';
import { initializeMessage, messageFor } from '../edge/messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from '../edge/probe.ts';
import type { RequestSequence } from '../edge/request-sequence.ts';
import { type ClientMessage, isObject, type JsonObject, jsonText } from './client-message.ts';
import { discoverRequest, judgeDiscover, supportedBy } from './discover.ts';
import type { GuestProfile, LegacyGuest } from './guest.ts';
import { askableCapabilities } from './mrtr/capabilities.ts';

/** What it takes to ask a guest on behalf of a client. */
export interface Asking {
  readonly message: ClientMessage;
  readonly sequence: RequestSequence;
}

/** Knows what the guest speaks: asks it once, except for what may depend on the client. */
export interface GuestProfiles {
  /**
   * What the guest speaks. `initialized` is empty for a client that the guest may tell from others. `found` is called unless the
   * client gets the guest's refusal; a session was opened for this request.
   */
  find(asking: Asking, found: (profile: GuestProfile, session?: string) => void): void;
  /** The same, with what the guest says of itself to this client. */
  describe(asking: Asking, found: (profile: GuestProfile, session?: string) => void): void;
  /** Opens a session in which the guest may ask its client what this client can be asked. */
  initialize(asking: Asking, found: (profile: LegacyGuest, session?: string) => void): void;
}

const ABOUT = 'what it speaks';

/**
 * `isPublic` returns whether the guest cannot tell this client from others. Only what it returns for such a client is kept,
 * until the component is replaced.
 */
export function createGuestProfiles(
  guest: Handler,
  initialize: Initialize,
  isPublic: (request: GuestRequest) => boolean,
): GuestProfiles {
  let known: GuestProfile | undefined;
  /** What does not depend on the client. */
  let traits: LegacyGuest | undefined;
  /** Its `server/discover` failed: it does not speak the revision. */
  let isLegacy = false;

  function discover(asking: Asking, found: (profile: GuestProfile, session?: string) => void): void {
    const { message, sequence } = asking;
    const target = probeTarget(sequence.target, {
      id: jsonText(message.id),
      about: ABOUT,
      judge: judgeDiscover,
      proceed(result) {
        const supported = supportedBy(result);
        if (supported !== undefined) {
          known = { era: 'modern', supported };
          return found(known);
        }
        isLegacy = true;
        initializeFor(asking, found);
      },
    });
    sequence.next(() => guest(discoverRequest(message.request, message.id), target));
  }

  function initializeFor(
    { message: { request, id }, sequence }: Asking,
    found: (profile: LegacyGuest, session?: string) => void,
    capabilities: JsonObject = {},
  ): void {
    const target = probeTarget(sequence.target, {
      id: jsonText(id),
      about: ABOUT,
      judge: judgeInitialize,
      proceed(result) {
        const initialized = result.response!.result as JsonObject;
        const session = header(result.headers, 'mcp-session-id');
        const { protocolVersion } = initialized;
        const version = typeof protocolVersion === 'string' ? protocolVersion : NEWEST_WITH_SESSIONS;
        const profile: LegacyGuest = {
          era: 'legacy',
          version,
          keepsSessions: session !== undefined,
          initialized,
        };
        traits = { ...profile, initialized: {} };
        if (isPublic(request)) known = profile;
        found(profile, session);
      },
    });
    const { message, protocolVersion } = initializeMessage(jsonText(id), NEWEST_WITH_SESSIONS, capabilities);
    initialize(messageFor(request, message), protocolVersion, sequence, target);
  }

  return {
    find(asking, found) {
      if (known?.era === 'modern') return found(known);
      const profile = isPublic(asking.message.request) ? known : traits;
      if (profile !== undefined) found(profile);
      else if (isLegacy) initializeFor(asking, found);
      else discover(asking, found);
    },
    describe(asking, found) {
      if (known !== undefined && (known.era === 'modern' || isPublic(asking.message.request))) found(known);
      else if (isLegacy) initializeFor(asking, found);
      else discover(asking, found);
    },
    initialize: (asking, found) => initializeFor(asking, found, askableCapabilities(asking.message)),
  };
}

function judgeInitialize(result: ProbeResult): Verdict {
  const verdict = verdictByStatus(result);
  if (verdict === 'proceed') return isObject(result.response?.result) ? 'proceed' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}
