import type { GuestRequest, Handle } from '../../engine/request.ts';
import { atHead } from './at-head.ts';
import { header } from './headers.ts';
import type { Initialize } from './initialize.ts';
import { INITIALIZED, initializeMessage, messageFor } from './messages.ts';
import { inSession } from './session.ts';
import type { Steps } from './steps.ts';

/** What a server has to assume of a client that does not say (MCP 2025-06-18, "Protocol Version Header"). */
const ASSUMED_VERSION = '2025-03-26';

/** Opens a session for a client that has none. */
export type OpenSession = (
  request: GuestRequest,
  id: Uint8Array | undefined,
  steps: Steps,
  /** `session` is undefined when the guest gave none. */
  opened: (session: string | undefined) => void,
) => void;

/** A refusal to open one is the client's answer, under the id of its request. */
export function createOpenSession(handle: Handle, initialize: Initialize): OpenSession {
  return (request, id, steps, opened) => {
    const version = header(request.headers, 'mcp-protocol-version') ?? ASSUMED_VERSION;
    let session: string | undefined;
    const target = atHead(
      steps.target,
      (status, headers) => {
        if (status >= 300) return steps.target;
        session = header(headers, 'mcp-session-id');
        return undefined;
      },
      () => {
        if (session === undefined) return opened(undefined);
        const initialized = inSession(messageFor(request, INITIALIZED), session);
        const ignored = atHead(
          steps.target,
          () => undefined,
          () => opened(session),
        );
        steps.next(() => handle(initialized, ignored));
      },
    );
    const { message, protocolVersion } = initializeMessage(id, version);
    initialize(messageFor(request, message), protocolVersion, steps, target);
  };
}
