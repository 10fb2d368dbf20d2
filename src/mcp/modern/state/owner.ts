import { hash } from 'node:crypto';
import type { GuestRequest, Handler } from '../../../http/handler.ts';
import { headerValues, withHeader } from '../../../http/headers.ts';
import { initializeMessage, messageFor, PING } from '../../edge/messages.ts';
import { probeTarget } from '../../edge/probe.ts';
import { judgePing } from '../../edge/verify-session-owner.ts';
import { isObject, jsonText } from '../client-message.ts';
import type { LegacyGuest } from '../guest.ts';
import type { GuestProfiles } from '../guest-profile.ts';
import { forGuest } from '../own-session.ts';
import type { Step } from '../step.ts';

/**
 * Who may use what the edge keeps between requests (MCP 2026-07-28, "Tools", section "Stateful Tools": for servers with
 * authorization a handle is a name, checked against the client on every call). Only the guest can judge a token.
 */
export interface Owners {
  /**
   * For a request that the guest itself gets, with its token: `claimed` is called with the key of the principal that the token
   * names; undefined for none. It counts only once the guest has accepted the request, with a status below 300: a forged token
   * names anybody.
   */
  claim(step: Step, profile: LegacyGuest, claimed: (owner: string | undefined) => void): void;
  /**
   * For a request that the edge responds to by itself: asks the guest whether it accepts the token. `verified` is called with the
   * principal, undefined for none. If the guest refuses, the client gets its refusal.
   */
  verify(step: Step, profile: LegacyGuest, verified: (owner: string | undefined) => void): void;
}

/** `authorizes` is whether the guest asks its clients for tokens. `guest` is asked without sessions. */
export function createOwners(guest: Handler, profiles: GuestProfiles, authorizes: boolean): Owners {
  /** Whether the guest refuses a token with another signature; undefined until it was asked. */
  let judges: boolean | undefined;

  function claim(step: Step, profile: LegacyGuest, claimed: (owner: string | undefined) => void): void {
    const token = authorizes && judges !== false ? readToken(step.message.request) : undefined;
    if (token === undefined || judges === true) {
      claimed(token?.owner);
      return;
    }
    present(guest, step, profile, token.forged, (status) => {
      if (status === 401 || status === 403) judges = true;
      // Any other failure says nothing about tokens: the next request asks again.
      else if (status >= 200 && status < 300) judges = false;
      claimed(judges === true ? token.owner : undefined);
    });
  }

  return {
    claim,
    verify(step, profile, verified) {
      if (!authorizes) {
        verified(undefined);
        return;
      }
      claim(step, profile, (owner) => {
        if (profile.keepsSessions) return step.own.open(profiles, step, profile, () => verified(owner));
        const { message, sequence } = step;
        const target = probeTarget(sequence.target, {
          ...{ id: jsonText(message.id), about: 'the principal', judge: judgePing },
          proceed: () => verified(owner),
        });
        sequence.next(() => guest(forGuest(messageFor(message.request, PING), profile), target));
      });
    },
  };
}

/** Sends an `initialize` with this token. */
function present(
  guest: Handler,
  { message: { request, id }, sequence }: Step,
  profile: LegacyGuest,
  token: string,
  presented: (status: number) => void,
): void {
  const target = probeTarget(sequence.target, {
    id: jsonText(id),
    about: 'how it judges tokens',
    // Whatever it returns: the client's own request follows.
    judge: () => 'proceed',
    proceed: ({ status }) => presented(status),
  });
  const { message } = initializeMessage(jsonText(id), profile.version);
  const initialize = forGuest(messageFor(request, message), profile);
  const headers = withHeader(initialize.headers, 'authorization', token);
  sequence.next(() => guest({ ...initialize, headers }, target));
}

/** RFC 6750, section 2.1, and RFC 7519, section 3: three parts, of which the second are the claims. */
const BEARER = /^Bearer +([\w-]+)\.([\w-]+)\.([\w-]+) *$/i;

/** The principal that the token names, and the token with another signature. Undefined for a token that names none. */
function readToken({ headers }: GuestRequest): { owner: string; forged: string } | undefined {
  const given = headerValues(headers, 'authorization');
  // Of several, the guest may judge another one than is read here.
  const parts = given.length === 1 ? BEARER.exec(given[0]!) : null;
  if (parts === null) return undefined;
  const [, head, payload, signature] = parts as unknown as [string, string, string, string];
  const claims = parse(Buffer.from(payload, 'base64url').toString());
  if (!isObject(claims)) return undefined;
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || typeof sub !== 'string' || iss === '' || sub === '') return undefined;
  const other = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
  return {
    owner: hash('sha256', JSON.stringify([iss, sub]), 'base64url'),
    forged: `Bearer ${head}.${payload}.${other}`,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
