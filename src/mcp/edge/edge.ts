import type { GuestRequest, Handler, RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { readAccept } from './accept.ts';
import type { Envelope } from './envelope.ts';
import { header } from './headers.ts';
import { createInference } from './inference.ts';
import { createInitialize, speaksOfSessions } from './initialize.ts';
import { createInputs } from './input-wait.ts';
import { jsonResponse } from './json-response.ts';
import { INVALID_REQUEST, sendError } from './messages.ts';
import { createOpenSession } from './open-session.ts';
import { peek } from './peek.ts';
import { createInTurn } from './queued.ts';
import { createRequestSequence, NO_GUEST, type RequestSequence } from './request-sequence.ts';
import { discard, inSession, sessionOf, withSessionHeader } from './session.ts';
import type { SessionQueue } from './session-queue.ts';
import { terminate } from './terminate.ts';
import { verifySessionOwner } from './verify-session-owner.ts';

/** How MCP clients and guests are brought together. */
export interface SessionEdgeOptions {
  /** `guide`: what wasmcp's Sessions Guide promises comes true. `strict`: the specification's behaviour and nothing more. */
  readonly mode: 'guide' | 'strict';
  /** Where requests of one session wait for each other; without it they run as they come. */
  readonly order: SessionQueue | undefined;
  /** Milliseconds from when a request was there until its turn has to have come. */
  readonly timeout: number;
  /** Milliseconds that a guest may wait for something that it has asked its client. */
  readonly inputWait: number;
}

/**
 * Stands between clients of MCP's Streamable HTTP and a guest that speaks it. It looks at what messages say of themselves
 * and passes them on byte by byte; what is no JSON-RPC message passes untouched, on every path, as guests answer on every
 * path.
 */
export function createSessionEdge(handle: Handler, options: SessionEdgeOptions): Handler {
  const inTurn = createInTurn(handle, options);
  const inputs = createInputs(options.inputWait);
  const guide = options.mode === 'guide';
  const initialize = createInitialize(handle);
  const openSession = createOpenSession(handle, initialize);
  /** The guest answers requests without a session after `initialize` gave them none: it keeps none. */
  const sessionless = createInference();

  function forward(
    request: GuestRequest,
    envelope: Envelope,
    sequence: RequestSequence,
    target: ResponseWriter,
  ): void {
    if (waits(envelope)) {
      sequence.last(() => inputs.watch(request, envelope, target, (to) => inTurn(request, envelope, to)));
      return;
    }
    if (envelope.kind === 'response') inputs.answered(request, envelope.id);
    sequence.last(() => handle({ ...request, awaited: true }, target));
  }

  function forwardInNewSession(
    request: GuestRequest,
    envelope: Envelope,
    sequence: RequestSequence,
    target: ResponseWriter,
  ): void {
    openSession(request, envelope.id, sequence, (session, keepsNone) => {
      if (session !== undefined) {
        sessionless.refute();
        return forward(inSession(request, session), envelope, sequence, withSessionHeader(target, session));
      }
      const noticing = wrapResponse(target, {
        head(status, headers) {
          if (keepsNone && status < 300) sessionless.confirm();
          target.head(status, headers);
        },
      });
      forward(request, envelope, sequence, noticing);
    });
  }

  /** Whoever is given a session shows that the guest keeps them. */
  function noticingSession(target: ResponseWriter): ResponseWriter {
    return wrapResponse(target, {
      head(status, headers) {
        if (header(headers, 'mcp-session-id') !== undefined) sessionless.refute();
        target.head(status, headers);
      },
    });
  }

  function needsSession(request: GuestRequest): boolean {
    return guide && !sessionless.holds() && sessionOf(request) === undefined && speaksOfSessions(request);
  }

  function route(
    request: GuestRequest,
    envelope: Envelope,
    sequence: RequestSequence,
    target: ResponseWriter,
  ): void {
    const { kind, method, id, protocolVersion } = envelope;
    if (method === 'initialize' && kind === 'request') {
      initialize(request, protocolVersion, sequence, noticingSession(target));
    } else if (guide && method === 'session/terminate') {
      terminate(handle, request, id, sequence);
    } else if (kind === 'request' && needsSession(request)) {
      forwardInNewSession(request, envelope, sequence, target);
    } else {
      forward(request, envelope, sequence, target);
    }
  }

  function dispatch(
    request: GuestRequest,
    envelope: Envelope,
    sequence: RequestSequence,
    target: ResponseWriter,
  ): void {
    const ends = guide && envelope.method === 'session/terminate';
    if (ends && sessionOf(request) === undefined) {
      const text = 'Mcp-Session-Id is missing: there is no session to end';
      sendError(sequence.target, envelope.id, { status: 400, code: INVALID_REQUEST, text });
    } else if (mayBeOwned(request) && envelope.contradictory) {
      const text = 'a member comes twice or in other letters, or a method beside a result';
      sendError(sequence.target, undefined, { status: 400, code: INVALID_REQUEST, text });
    } else if (ends || (mayBeOwned(request) && !isSurelyRequest(envelope))) {
      // What a guest waits for needs its place at once, and so does the question whose it is.
      const asking = { ...request, awaited: !waits(envelope) };
      const id = envelope.kind === 'request' ? envelope.id : undefined;
      verifySessionOwner(handle, asking, id, sequence, () => route(request, envelope, sequence, target));
    } else {
      route(request, envelope, sequence, target);
    }
  }

  function post(
    request: GuestRequest,
    body: NonNullable<GuestRequest['body']>,
    target: ResponseWriter,
  ): RequestHandle {
    const sequence = createRequestSequence(target, () => discard(request));
    const { streams, headers } = readAccept(request.headers);
    const shaped = guide && !streams ? jsonResponse(sequence.target) : sequence.target;
    // Whoever has no session needs the whole envelope: `initialize` is opened in its name.
    const opens = needsSession(request);
    // Of an upload, which is gone by the time that it fails; and of what a guest may have waited for.
    const wantsId = ({ kind }: Envelope): boolean =>
      kind === 'request' ? !(body instanceof Uint8Array) : kind === 'response' && inputs.wait(request);
    // What may be somebody else's session is not told by the beginning of a message: more members may follow.
    const owned = mayBeOwned(request);
    sequence.next(() => {
      peek(body, {
        enough: (found) => !owned && !opens && isEnough(found) && (found.id !== undefined || !wantsId(found)),
        peeked(result) {
          const sent = {
            ...request,
            body: result.body,
            headers: guide ? headers : request.headers,
            // An upload that is whole now.
            receivedAt:
              result.body instanceof Uint8Array && !(body instanceof Uint8Array)
                ? performance.now()
                : request.receivedAt,
          };
          dispatch(sent, result.envelope, sequence, shaped);
        },
        failed(error) {
          if (error !== undefined) return sequence.target.fail(error);
          // No guest has it yet that could tell: a source of `fetch` may fail while its caller waits.
          sequence.next(() => {
            const text = 'the body broke off';
            sendError(sequence.target, undefined, { status: 400, code: INVALID_REQUEST, text });
            return NO_GUEST;
          });
        },
      });
      return NO_GUEST;
    });
    return sequence.call;
  }

  return (request, target) => {
    const { method, body } = request;
    if (method === 'POST' && body !== undefined) return post(request, body, target);
    if (method !== 'DELETE' || sessionOf(request) === undefined) return handle(request, target);
    const sequence = createRequestSequence(target, () => discard(request));
    verifySessionOwner(handle, request, undefined, sequence, () =>
      sequence.last(() => handle(request, sequence.target)),
    );
    return sequence.call;
  };
}

/** Whether the rest of a message changes nothing in what is to be done with it. */
function isEnough({ kind, method }: Envelope): boolean {
  if (kind !== 'request') return kind !== undefined;
  return method !== 'initialize' && method !== 'session/terminate';
}

/** Answers and news for a request under way must reach it, and nobody should wait to hear that the server is alive. */
function waits({ kind, method }: Envelope): boolean {
  return kind === 'request' && method !== 'ping';
}

/** Whether it speaks, with a token, in a session that may be bound to another one. */
function mayBeOwned(request: GuestRequest): boolean {
  return sessionOf(request) !== undefined && header(request.headers, 'authorization') !== undefined;
}

/**
 * Whether every guest takes it for a request: those alone come with a look at the token. What cannot be told is none,
 * which costs a `ping` and no more.
 */
function isSurelyRequest({ kind, id, whole }: Envelope): boolean {
  // Guests have ids as text or as numbers of some width; a message whose id is neither may pass for a notification.
  return (
    kind === 'request' && whole && id !== undefined && /^(?:"|\d{1,9}$)/.test(Buffer.from(id).toString())
  );
}
