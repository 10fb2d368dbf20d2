import type { GuestRequest, Handle } from '../../engine/request.ts';
import { atHead } from './at-head.ts';
import { messageFor, PING } from './messages.ts';
import type { Steps } from './steps.ts';

/** The client may not speak in this session, or there is no such session. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * Goes on if the guest would answer a `ping` of this client in this session; otherwise its refusal is the client's answer.
 * For what guests take unasked: wasmcp's check a token, and whose session it is, for requests only.
 */
export function asOwner(handle: Handle, request: GuestRequest, steps: Steps, goOn: () => void): void {
  const target = atHead(steps.target, (status) => (REFUSALS.has(status) ? steps.target : undefined), goOn);
  steps.next(() => handle(messageFor(request, PING), target));
}
