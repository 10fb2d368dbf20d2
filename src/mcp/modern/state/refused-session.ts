import type { ResponseWriter } from '../../../http/response.ts';
import { type ProbeResult, probeTarget } from '../../edge/probe.ts';
import { routeByStatus } from '../../edge/route-by-status.ts';
import { jsonText } from '../client-message.ts';
import type { Step } from '../step.ts';

export interface SessionVerdict {
  /** Whether the guest refuses the session, rather than the request. */
  isRefusal(status: number, headers: readonly string[]): boolean;
  /** The client gets nothing of the guest's response. */
  refused(result: ProbeResult): void;
  /** The guest has accepted the request; the client gets the response. */
  accepted(): void;
}

/** Where the response to a request in a session goes: to the client, unless the guest refuses the session. */
export function sessionTarget(
  { message, sequence }: Step,
  { isRefusal, refused, accepted }: SessionVerdict,
): ResponseWriter {
  const client = sequence.target;
  return routeByStatus(
    client,
    (status, headers) => {
      if (status < 300) accepted();
      if (!isRefusal(status, headers)) return client;
      const about = 'the session';
      return probeTarget(client, {
        id: jsonText(message.id),
        about,
        judge: () => 'proceed',
        proceed: refused,
      });
    },
    () => {},
  );
}
