import type { Middleware } from '../../http/compose.ts';
import type { GuestRequest, RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import type { Ambiguity } from '../ambiguity/ambiguity.ts';
import { TERMINATE_METHOD } from '../wasmcp-quirks.ts';
import type { Envelope } from './envelope.ts';
import { INVALID_REQUEST, sendError } from './messages.ts';
import { peek } from './peek.ts';
import { createRequestSequence, NO_GUEST } from './request-sequence.ts';
import { discard } from './session.ts';
import { type MessageHandler, mayBeOwned } from './stages.ts';
import { watchUpload } from './watch-upload.ts';

/** What later stages have to know of a message before they see it. */
export interface ReadingNeeds {
  /** The request will be given a session: `initialize` is sent under its id. */
  session(request: GuestRequest): boolean;
  /** A guest waits for the client of this session: a response ends the wait by its id. */
  responseId(request: GuestRequest): boolean;
}

/**
 * Reads the envelope of each POST and hands the message to `handle`. Messages keep their bytes. Everything else passes, on
 * every path, because guests serve every path.
 */
export function withMessages(handle: MessageHandler, needs: ReadingNeeds): Middleware {
  return (next) => (request, target) => {
    const { method, body } = request;
    if (method !== 'POST' || body === undefined) return next(request, target);
    return read(request, body, target);
  };

  function read(
    request: GuestRequest,
    body: NonNullable<GuestRequest['body']>,
    target: ResponseWriter,
  ): RequestHandle {
    const client = body instanceof Uint8Array ? target : refusing(target);
    const sequence = createRequestSequence(client, () => discard(request));
    const enough = stopsReading(request, needs);
    sequence.next(() => {
      peek(body, {
        enough,
        peeked({ body: peeked, envelope, ambiguity }) {
          if (ambiguity !== undefined) return refuse(sequence.target, ambiguity);
          const sent = peeked === body ? request : withBody(request, peeked);
          handle({ request: sent, envelope, sequence, target: sequence.target });
        },
        failed(error) {
          if (error !== undefined) return sequence.target.fail(error);
          // No guest has the body yet that could respond. The source of a `fetch` may fail while its caller waits.
          sequence.next(() => {
            const text = 'the body ended early';
            sendError(sequence.target, undefined, { status: 400, code: INVALID_REQUEST, text });
            return NO_GUEST;
          });
        },
      });
      return NO_GUEST;
    });
    return sequence.call;
  }
}

/** When the rest of the message does not matter. */
function stopsReading(request: GuestRequest, needs: ReadingNeeds): (found: Envelope) => boolean {
  // The beginning of a message does not show what it is: more members may follow.
  const whole = mayBeOwned(request) || needs.session(request);
  if (whole) return () => false;
  const needsId = ({ kind }: Envelope): boolean => kind === 'response' && needs.responseId(request);
  return (found) => isClassified(found) && (found.id !== undefined || !needsId(found));
}

/** For a message that becomes ambiguous when a guest has a part of it. */
function refusing(target: ResponseWriter): ResponseWriter {
  let hasHead = false;
  return wrapResponse(target, {
    head(status, headers, isIndependent) {
      hasHead = true;
      target.head(status, headers, isIndependent);
    },
    fail(error) {
      if (hasHead || error.code !== 'message-ambiguous') target.fail(error);
      else refuse(target, { text: error.message, id: undefined });
    },
  });
}

/** The guest could read another message than this edge. */
function refuse(target: ResponseWriter, { text, id }: Ambiguity): void {
  sendError(target, id === undefined ? undefined : Buffer.from(id), {
    status: 400,
    code: INVALID_REQUEST,
    text,
  });
}

function isClassified({ kind, method }: Envelope): boolean {
  if (kind !== 'request') return kind !== undefined;
  return method !== 'initialize' && method !== TERMINATE_METHOD;
}

function withBody(request: GuestRequest, body: NonNullable<GuestRequest['body']>): GuestRequest {
  // The time of an upload starts when it is complete.
  return body instanceof Uint8Array
    ? { ...request, body, receivedAt: performance.now() }
    : { ...request, body: watchUpload(body) };
}
