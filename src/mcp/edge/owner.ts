import type { GuestRequest, Handler } from '../../http/handler.ts';
import { INTERNAL_ERROR, METHOD_NOT_FOUND, messageFor, OWN_ID, PING } from './messages.ts';
import { answerOf, byStatus, type OwnAnswer, type Verdict } from './own-request.ts';
import type { Steps } from './steps.ts';

/**
 * Goes on if the guest answers a `ping` of this client in this session, or has none; otherwise its refusal is the client's
 * answer, under the client's `id`. For what guests take unasked: wasmcp's check a token, and whose session it is, for
 * requests only.
 */
export function asOwner(
  handle: Handler,
  request: GuestRequest,
  id: Uint8Array | undefined,
  steps: Steps,
  goOn: () => void,
): void {
  const target = answerOf(steps.target, { id, about: 'whose session it is', judge, go: goOn });
  steps.next(() => handle(messageFor(request, PING), target));
}

function judge(answer: OwnAnswer): Verdict {
  const { status, response } = answer;
  const verdict = byStatus(answer);
  const code = response?.error?.code;
  if (code === METHOD_NOT_FOUND && (verdict === 'go' || status === 400 || status === 404)) return 'go';
  if (verdict !== 'go') return verdict;
  if (code !== undefined) return code === INTERNAL_ERROR ? 'sick' : 'refused';
  // What answers something else answers everybody so.
  return response?.id === OWN_ID ? 'go' : 'sick';
}
