import { messageFor } from '../../edge/messages.ts';
import { probeTarget, verdictByStatus } from '../../edge/probe.ts';
import { isObject, jsonText } from '../client-message.ts';
import { MAX_MESSAGE } from '../collect-body.ts';
import type { LegacyGuest } from '../guest.ts';
import { forGuest } from '../own-session.ts';
import type { Step } from '../step.ts';
import type { Handles } from './handles.ts';
import type { StateParts } from './state-parts.ts';

/** Most pages of tools that are read. */
const MAX_PAGES = 100;

/**
 * Reads the list of the guest's tools as this client sees it, so that none of them is mistaken for one of the edge. A guest without a
 * list has no tools.
 */
export function learnTools(
  { stateless, profiles }: StateParts,
  handles: Handles,
  step: Step,
  profile: LegacyGuest,
  learned: () => void,
): void {
  const { message, sequence, own } = step;

  function read(page: number, cursor: string | undefined): void {
    const target = probeTarget(sequence.target, {
      ...{ id: jsonText(message.id), about: 'its tools', judge: verdictByStatus, maxResponse: MAX_MESSAGE },
      proceed({ response }) {
        const result = response?.result;
        if (!isObject(result) || !Array.isArray(result.tools)) {
          handles.list({ tools: [] });
          return learned();
        }
        handles.list(result);
        const { nextCursor } = result;
        if (typeof nextCursor === 'string' && page < MAX_PAGES) read(page + 1, nextCursor);
        else learned();
      },
    });
    const list = { jsonrpc: '2.0', id: message.id, method: 'tools/list', params: { cursor } };
    const request = messageFor(message.request, Buffer.from(JSON.stringify(list)));
    sequence.next(() => stateless(own.enter(forGuest(request, profile)), target));
  }

  if (profile.keepsSessions) own.open(profiles, step, profile, () => read(1, undefined));
  else read(1, undefined);
}
