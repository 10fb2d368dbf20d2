import type { Handler } from '../../http/handler.ts';
import { TERMINATE_METHOD } from '../wasmcp-quirks.ts';
import type { Envelope } from './envelope.ts';
import { INVALID_REQUEST, METHOD_NOT_FOUND, sendEmptyResult, sendError, withoutBody } from './messages.ts';
import { probeTarget, verdictByStatus } from './probe.ts';
import { sessionOf } from './session.ts';
import type { McpMessage, MessageHandler } from './stages.ts';

/** The guest does not let clients end sessions (MCP, "Session Management"). */
const NOT_ALLOWED = 405;

export function endsSession({ method }: Envelope): boolean {
  return method === TERMINATE_METHOD;
}

/** Ends sessions for `session/terminate`, by the DELETE that guests know. */
export function withTerminate(guest: Handler): (next: MessageHandler) => MessageHandler {
  return (next) => (message) => {
    if (!endsSession(message.envelope)) next(message);
    else if (sessionOf(message.request) === undefined) refuse(message);
    else terminate(guest, message);
  };
}

function refuse({ envelope, target }: McpMessage): void {
  const text = 'Mcp-Session-Id is missing: there is no session to end';
  sendError(target, envelope.id, { status: 400, code: INVALID_REQUEST, text });
}

function terminate(guest: Handler, { request, envelope, sequence }: McpMessage): void {
  const { target } = sequence;
  const { id } = envelope;
  const ended = probeTarget(target, {
    id,
    about: 'the end of the session',
    judge: (result) => (result.status === NOT_ALLOWED ? 'proceed' : verdictByStatus(result)),
    proceed({ status }) {
      if (status !== NOT_ALLOWED) return sendEmptyResult(target, id);
      const text = 'this server does not let clients end sessions';
      sendError(target, id, { status: 200, code: METHOD_NOT_FOUND, text });
    },
  });
  sequence.next(() => guest(withoutBody(request, 'DELETE'), ended));
}
