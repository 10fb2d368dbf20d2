import type { GuestRequest, Handler } from '../../../http/handler.ts';
import { header } from '../../../http/headers.ts';
import { type ProbeResult, relay } from '../../edge/probe.ts';
import { inSession } from '../../edge/session.ts';
import type { LegacyGuest } from '../guest.ts';
import { passOn } from '../mrtr/asking.ts';
import { ALL_CAPABILITIES } from '../mrtr/capabilities.ts';
import { forGuest } from '../own-session.ts';
import type { Step } from '../step.ts';
import { dropGuestSession, openGuestSession } from './guest-session.ts';
import type { PrincipalRecords, StoredRecord } from './principal-records.ts';
import { sessionTarget } from './refused-session.ts';
import type { SessionLife } from './session-life.ts';
import { createSingleFlight } from './single-flight.ts';
import { whenSettled } from './when-settled.ts';

/** Runs the requests of a principal in one session of the guest, on all hosts of a store. */
export interface PrincipalSessions {
  /** `stateless` is called if the guest keeps no sessions. */
  serve(step: Step, profile: LegacyGuest, owner: string, stateless: () => void): void;
}

export interface PrincipalParts {
  /** The way of clients that keep sessions. */
  readonly sessions: Handler;
  readonly records: PrincipalRecords;
  readonly life: SessionLife;
}

/** Principals whose sessions are remembered; the one that was found longest ago is forgotten first. */
const MAX_FOUND = 10_000;

/** Sessions that one request tries, each of which ended between two requests. */
const MAX_TRIES = 3;

interface Work {
  readonly step: Step;
  readonly profile: LegacyGuest;
  readonly owner: string;
  readonly stateless: () => void;
}

/**
 * A forged token may lead to the session of a principal, but the guest refuses the request there; nor does one open a session. Which
 * session a principal has is decided by a swap in the store, so that two hosts agree. Its clients may differ in what they can be
 * asked: the guest may ask everything, and a request whose client lacks the capability ends with -32021.
 */
export function createPrincipalSessions({ sessions, records, life }: PrincipalParts): PrincipalSessions {
  const found = new Map<string, string>();
  /** Requests that wait for another one, with the same token, to open the session. */
  const opening = createSingleFlight();

  function remember(owner: string, session: string): void {
    found.delete(owner);
    found.set(owner, session);
    if (found.size > MAX_FOUND) found.delete(found.keys().next().value!);
  }

  function find(work: Work, tries: number): void {
    const known = found.get(work.owner);
    if (known !== undefined) {
      enter(work, known, tries);
      return;
    }
    whenSettled(records.read(work.owner), work.step, (stored) => {
      const { session } = stored.record;
      if (session === undefined) return open(work, stored, tries);
      remember(work.owner, session);
      enter(work, session, tries);
    });
  }

  function enter(work: Work, session: string, tries: number): void {
    const { step, profile } = work;
    const { exchange, message, sequence } = step;
    const target = sessionTarget(step, {
      isRefusal: (status) => status === 404 && tries < MAX_TRIES,
      refused: (result) => renew(work, session, tries + 1, result),
      accepted: () => life.used(session),
    });
    const within = (request: GuestRequest): GuestRequest => inSession(forGuest(request, profile), session);
    const request = within({ ...message.request, headers: exchange.guestHeaders });
    sequence.last(() => passOn(exchange, request, sessions, target, within));
  }

  /** The guest does not know the session, or no longer: it has not run the request. */
  function renew(work: Work, session: string, tries: number, refusal: ProbeResult): void {
    const { owner, step } = work;
    const looked = Promise.all([records.read(owner), life.stateOf(session)]);
    whenSettled(looked, step, ([stored, state]) => {
      // The guest means something else.
      if (state === 'live') return relay(step.sequence.target, refusal);
      const current = stored.record.session;
      if (current === undefined || current === session) {
        found.delete(owner);
        return open(work, stored, tries);
      }
      // Another request or host was faster.
      remember(owner, current);
      enter(work, current, tries);
    });
  }

  /** Opens one with the client's token: only the guest can judge it, and a refusal is the client's response. */
  function open(work: Work, stored: StoredRecord, tries: number): void {
    const { step, profile, owner, stateless } = work;

    function fly(land: () => void): void {
      // Refused, or its client has gone: the next one tries by itself.
      step.own.whenFinished(land);
      openGuestSession(sessions, step, profile, ALL_CAPABILITIES, (session) => {
        if (session === undefined) return stateless();
        const record = { ...stored.record, session };
        const claimed = life.begin(session).then(() => records.write(owner, stored.version, record));
        whenSettled(claimed, step, (isOurs) => {
          if (!isOurs) return dropGuestSession(sessions, session, step, profile, () => find(work, tries));
          remember(owner, session);
          enter(work, session, tries);
          land();
        });
      });
    }

    const token = header(step.message.request.headers, 'authorization');
    opening.enter(`${owner} ${token}`, fly, () => find(work, tries));
  }

  return {
    serve: (step, profile, owner, stateless) => find({ step, profile, owner, stateless }, 1),
  };
}
