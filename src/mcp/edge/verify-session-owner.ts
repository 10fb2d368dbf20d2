import type { GuestRequest, Handler } from '../../http/handler.ts';
import { INTERNAL_ERROR, METHOD_NOT_FOUND, messageFor, OWN_ID, PING } from './messages.ts';
import { type ProbeAnswer, probeTarget, type Verdict, verdictByStatus } from './probe.ts';
import type { RequestSequence } from './request-sequence.ts';

/**
 * Goes on if the guest answers a `ping` of this client in this session, or has none; otherwise its refusal is the client's
 * answer, under the client's `id`. For what guests take unasked: wasmcp's check a token, and whose session it is, for
 * requests only.
 */
export function verifySessionOwner(
  handle: Handler,
  request: GuestRequest,
  id: Uint8Array | undefined,
  sequence: RequestSequence,
  proceed: () => void,
): void {
  const target = probeTarget(sequence.target, { id, about: 'whose session it is', judge, proceed: proceed });
  sequence.next(() => handle(messageFor(request, PING), target));
}

function judge(answer: ProbeAnswer): Verdict {
  const { status, response } = answer;
  const verdict = verdictByStatus(answer);
  const code = response?.error?.code;
  if (code === METHOD_NOT_FOUND && (verdict === 'proceed' || status === 400 || status === 404))
    return 'proceed';
  if (verdict !== 'proceed') return verdict;
  if (code !== undefined) return code === INTERNAL_ERROR ? 'unavailable' : 'refused';
  // What answers something else answers everybody so.
  return response?.id === OWN_ID ? 'proceed' : 'unavailable';
}
