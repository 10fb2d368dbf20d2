import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { Envelope } from './envelope.ts';
import type { RequestSequence } from './request-sequence.ts';
import { sessionOf } from './session.ts';

/** A client's POST whose envelope has been read, on its way through the stages. */
export interface McpMessage {
  readonly request: GuestRequest;
  readonly envelope: Envelope;
  readonly sequence: RequestSequence;
  /** Where the response goes; made of `sequence.target`. */
  readonly target: ResponseWriter;
  /** Its session was opened for it: the client does not know the session yet. */
  readonly isFirst?: boolean;
}

/** A stage that may send requests of its own before it passes the message on. */
export type MessageHandler = (message: McpMessage) => void;

/** A stage of the last step, which passes the client's own request to the guest. */
export type Delivery = (message: McpMessage) => RequestHandle;

/**
 * Whether the message waits until the earlier requests of its session have finished. Responses and notifications for a
 * request under way must reach it, and a `ping` must not wait.
 */
export function waitsForTurn({ kind, method }: Envelope): boolean {
  return kind === 'request' && method !== 'ping';
}

/** Whether the request has a token and names a session, which may belong to another client. */
export function mayBeOwned(request: GuestRequest): boolean {
  return sessionOf(request) !== undefined && header(request.headers, 'authorization') !== undefined;
}
