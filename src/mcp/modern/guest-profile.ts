import type { GuestRequest, Handler } from '../../http/handler.ts';
import { filterHeaders, header } from '../../http/headers.ts';
import { type Initialize, NEWEST_WITH_SESSIONS } from '../edge/initialize.ts';
import { initializeMessage, messageFor } from '../edge/messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from '../edge/probe.ts';
import type { RequestSequence } from '../edge/request-sequence.ts';
import { VERSION_HEADER } from '../wasmcp-quirks.ts';
import { type ClientMessage, isObject, type JsonObject, jsonText } from './client-message.ts';
import { discoverMessage } from './discover.ts';
import type { GuestProfile, LegacyGuest } from './guest.ts';
import { REVISION } from './revision.ts';

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
  /** Sends `initialize`. */
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
    const probe = messageFor(message.request, discoverMessage(message));
    sequence.next(() => guest({ ...probe, headers: modernHeaders(probe.headers) }, target));
  }

  function initializeFor(
    { message: { request, id }, sequence }: Asking,
    found: (profile: LegacyGuest, session?: string) => void,
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
    const { message, protocolVersion } = initializeMessage(jsonText(id), NEWEST_WITH_SESSIONS);
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
    initialize: initializeFor,
  };
}

function modernHeaders(headers: readonly string[]): string[] {
  const others = filterHeaders(headers, (name) => !name.startsWith('mcp-'));
  return [...others, VERSION_HEADER, REVISION, 'mcp-method', 'server/discover'];
}

/** Every error but one that concerns the client means that the guest does not know the request. */
function judgeDiscover(result: ProbeResult): Verdict {
  const { status } = result;
  if (status === 401 || status === 403) return 'relay';
  return status === 400 || status === 404 || status === 405 || status === 406
    ? 'proceed'
    : verdictByStatus(result);
}

function judgeInitialize(result: ProbeResult): Verdict {
  const verdict = verdictByStatus(result);
  if (verdict === 'proceed') return isObject(result.response?.result) ? 'proceed' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}

function supportedBy({ status, response }: ProbeResult): readonly string[] | undefined {
  if (status >= 300 || !isObject(response?.result)) return undefined;
  const { supportedVersions } = response.result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(REVISION)) return undefined;
  return supportedVersions.filter((version) => typeof version === 'string');
}
