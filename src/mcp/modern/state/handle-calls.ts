import type { GuestRequest, Handler } from '../../../http/handler.ts';
import { header, withHeader } from '../../../http/headers.ts';
import type { HandleNames } from '../../../options/types.ts';
import { sendResult } from '../../edge/messages.ts';
import { type ProbeResult, probeTarget, relay, verdictByStatus } from '../../edge/probe.ts';
import { inSession } from '../../edge/session.ts';
import { parseExactly } from '../../json.ts';
import { writeJson } from '../../long-values/long-value.ts';
import { outlineOf } from '../../long-values/outline.ts';
import { type JsonObject, jsonText } from '../client-message.ts';
import type { LegacyGuest } from '../guest.ts';
import { passOn } from '../mrtr/asking.ts';
import { askableCapabilities } from '../mrtr/capabilities.ts';
import { forGuest } from '../own-session.ts';
import type { Step } from '../step.ts';
import { dropGuestSession, endOf, openGuestSession } from './guest-session.ts';
import type { HandleCounts } from './handle-limits.ts';
import { created, toolError, toolText } from './handle-tools.ts';
import type { Handles, HandleUse } from './handles.ts';
import { sessionTarget } from './refused-session.ts';
import type { SessionLife } from './session-life.ts';
import { whenSettled } from './when-settled.ts';

const DENIED = 'the server does not let this client use the session';
const NO_SESSIONS = toolError('this server keeps no sessions');
const ENDED = toolText('the session has ended');
const NOT_ENDED = toolError('this server does not let clients end sessions');

export interface HandleParts {
  /** The way of clients that keep sessions. */
  readonly sessions: Handler;
  readonly handles: Handles;
  readonly names: HandleNames;
  readonly counts: HandleCounts;
  readonly life: SessionLife;
}

/** Serves a call that names a session, or asks for one. */
export function serveHandle(parts: HandleParts, use: HandleUse, step: Step, profile: LegacyGuest): void {
  if (use.kind === 'create') create(parts, step, profile);
  else if (use.kind === 'invalid') respond(step, toolError(unknown(parts.names)));
  else if (use.kind === 'end') end(parts, use.session, step, profile);
  else enter(parts, use.session, step, profile);
}

function respond({ message, sequence }: Step, result: JsonObject): void {
  sendResult(sequence.target, jsonText(message.id), result);
}

function create(parts: HandleParts, step: Step, profile: LegacyGuest): void {
  const { sessions, counts, life, names } = parts;
  const { owner } = step.exchange;
  whenSettled(counts.reserve(owner), step, (full) => {
    if (full !== undefined) return respond(step, toolError(full));
    step.own.whenFinished(counts.release);
    openGuestSession(sessions, step, profile, askableCapabilities(step.message), (session) => {
      if (session === undefined) return respond(step, NO_SESSIONS);
      const added = life.begin(session).then(() => counts.add(owner, session));
      whenSettled(added, step, (refusal) => {
        if (refusal === undefined) return respond(step, created(names, session));
        dropGuestSession(sessions, session, step, profile, () => respond(step, toolError(refusal)));
      });
    });
  });
}

function end(parts: HandleParts, session: string, step: Step, profile: LegacyGuest): void {
  const { message, sequence } = step;
  const ended = probeTarget(sequence.target, {
    ...{ id: jsonText(message.id), about: 'the end of a session' },
    judge: (result) =>
      result.status === 405 || isRefused(result.status, result.headers) ? 'proceed' : verdictByStatus(result),
    proceed(result) {
      const { status } = result;
      if (status === 405) return respond(step, NOT_ENDED);
      if (status >= 300) return explain(parts, session, step, result);
      parts.counts.ended(session);
      respond(step, ENDED);
    },
  });
  sequence.next(() => parts.sessions(endOf(session, message.request, profile), ended));
}

function enter(parts: HandleParts, session: string, step: Step, profile: LegacyGuest): void {
  const { exchange, message, sequence } = step;
  const target = sessionTarget(step, {
    isRefusal: isRefused,
    refused: (result) => explain(parts, session, step, result),
    accepted() {
      parts.life.used(session);
      parts.counts.used(session);
    },
  });
  const within = (request: GuestRequest): GuestRequest => inSession(forGuest(request, profile), session);
  const request = within(stripped(parts.handles, { ...message.request, headers: exchange.guestHeaders }));
  sequence.last(() => passOn(exchange, request, parts.sessions, target, within));
}

/** The guest refuses the session: a challenge is for the client itself. */
function isRefused(status: number, headers: readonly string[]): boolean {
  return status === 404 || (status === 403 && header(headers, 'www-authenticate') === undefined);
}

/** An error that a model can act on ("Stateful Tools": an expired handle is an error of the tool that says so). */
function explain(
  { life, counts, names }: HandleParts,
  session: string,
  step: Step,
  result: ProbeResult,
): void {
  if (result.status === 403) {
    respond(step, toolError(DENIED));
    return;
  }
  whenSettled(life.stateOf(session), step, (state) => {
    // The guest means something else.
    if (state === 'live') return relay(step.sequence.target, result);
    counts.ended(session);
    const isOver = state === 'ended' || state === 'expired';
    const text = isOver ? `the session has ${state}; ${names.create} creates another one` : unknown(names);
    respond(step, toolError(text));
  });
}

function unknown({ create }: HandleNames): string {
  return `there is no such session: it has ended or expired, or never existed; ${create} creates one`;
}

function stripped(handles: Handles, request: GuestRequest): GuestRequest {
  const outline = outlineOf(request.body as Uint8Array, 'client');
  const message = outline.fill(parseExactly(outline.text.toString())) as JsonObject;
  const body = Buffer.from(writeJson(handles.strip(message)));
  const { headers } = request;
  const announced = header(headers, 'content-length') !== undefined;
  return {
    ...request,
    headers: announced ? withHeader(headers, 'content-length', String(body.length)) : headers,
    body,
  };
}
