import type { GuestRequest, Handler } from '../../http/handler.ts';
import { isPortableId } from '../wasmcp-quirks.ts';
import type { Envelope } from './envelope.ts';
import { INTERNAL_ERROR, METHOD_NOT_FOUND, messageFor, OWN_ID, PING } from './messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from './probe.ts';
import { createRequestSequence, type RequestSequence } from './request-sequence.ts';
import { discard, sessionOf } from './session.ts';
import type { SessionOwners } from './session-owners.ts';
import { type MessageHandler, mayBeOwned, waitsForTurn } from './stages.ts';

/**
 * Proceeds if the guest accepts a `ping` of this client in this session, or does not know `ping`. Otherwise the client
 * gets the guest's refusal, under the id of its own request.
 */
export function verifySessionOwner(
  guest: Handler,
  request: GuestRequest,
  id: Uint8Array | undefined,
  sequence: RequestSequence,
  proceed: () => void,
): void {
  const target = probeTarget(sequence.target, {
    id,
    about: 'the owner of the session',
    judge: judgePing,
    proceed,
  });
  sequence.next(() => guest(messageFor(request, PING), target));
}

/** Lets only the owner of a session end it by DELETE, and passes on everything else. */
export function withVerifiedDelete(guest: Handler): Handler {
  return (request, target) => {
    if (request.method !== 'DELETE' || sessionOf(request) === undefined) return guest(request, target);
    const sequence = createRequestSequence(target, () => discard(request));
    verifySessionOwner(guest, request, undefined, sequence, () =>
      sequence.last(() => guest(request, sequence.target)),
    );
    return sequence.call;
  };
}

/**
 * Verifies the owner before a message that guests accept from every client, and before a request takes a place in the
 * queue of a session that it may not use. `ends` returns whether a message ends its session.
 */
export function withVerifiedOwner(
  guest: Handler,
  owners: SessionOwners,
  ends: (envelope: Envelope) => boolean,
): (next: MessageHandler) => MessageHandler {
  return (next) => (message) => {
    const { request, envelope, sequence } = message;
    const queued = waitsForTurn(envelope) && envelope.method !== 'initialize';
    const verifies =
      sessionOf(request) !== undefined &&
      (ends(envelope) ||
        (mayBeOwned(request) && !isSurelyRequest(envelope)) ||
        (queued && owners.mustVerify(request)));
    if (!verifies) return next(message);
    // A message that a guest waits for needs a place at once, and so does its probe.
    const probe = { ...request, awaited: !waitsForTurn(envelope) };
    const id = envelope.kind === 'request' ? envelope.id : undefined;
    verifySessionOwner(guest, probe, id, sequence, () => {
      owners.confirm(request, sessionOf(request)!);
      next(message);
    });
  };
}

/** Proceeds if the guest accepts a `ping` of the client, or does not know it. */
export function judgePing(result: ProbeResult): Verdict {
  const { status, response } = result;
  const verdict = verdictByStatus(result);
  const code = response?.error?.code;
  if (code === METHOD_NOT_FOUND && (verdict === 'proceed' || status === 400 || status === 404)) {
    return 'proceed';
  }
  if (verdict !== 'proceed') return verdict;
  if (code !== undefined) return code === INTERNAL_ERROR ? 'unavailable' : 'refused';
  // Other responses do not depend on the client.
  return response?.id === OWN_ID ? 'proceed' : 'unavailable';
}

/**
 * Whether every guest reads the message as a request, and therefore checks its token. A message that could be something else
 * costs a `ping`.
 */
function isSurelyRequest({ kind, id, whole }: Envelope): boolean {
  return kind === 'request' && whole && id !== undefined && isPortableId(id);
}
