import { WasmcpError } from '../../../host/index.ts';
import {
  type Call,
  type GuestRequest,
  type Handle,
  type ResponseTarget,
  wrapResponse,
} from '../../engine/request.ts';
import { readAccept } from './accept.ts';
import type { Envelope } from './envelope.ts';
import { header } from './headers.ts';
import { createInitialize, speaksOfSessions } from './initialize.ts';
import { jsonAnswer } from './json-answer.ts';
import { answerError, INVALID_REQUEST } from './messages.ts';
import { createOpenSession } from './open-session.ts';
import type { SessionOrder } from './order.ts';
import { asOwner } from './owner.ts';
import { peek } from './peek.ts';
import { inSession, sessionOf, tellingSession } from './session.ts';
import { createSteps, NO_CALL, type Steps } from './steps.ts';
import { terminate } from './terminate.ts';

/** How MCP clients and guests are brought together. */
export interface SessionEdgeOptions {
  /** `guide`: what wasmcp's Sessions Guide promises comes true. `strict`: the specification's behaviour and nothing more. */
  readonly mode: 'guide' | 'strict';
  /** Where requests of one session wait for each other; without it they run as they come. */
  readonly order: SessionOrder | undefined;
}

/**
 * Stands between clients of MCP's Streamable HTTP and a guest that speaks it. It looks at what messages say of themselves
 * and passes them on byte by byte; what is no JSON-RPC message passes untouched, on every path, as guests answer on every
 * path.
 */
export function createSessionEdge(handle: Handle, options: SessionEdgeOptions): Handle {
  const { order } = options;
  const guide = options.mode === 'guide';
  const initialize = createInitialize(handle);
  const openSession = createOpenSession(handle, initialize);
  /** The guest has answered a request without a session after `initialize` gave it none: it keeps none. */
  let sessionless = false;

  function inOrder(request: GuestRequest, target: ResponseTarget): Call {
    const session = sessionOf(request);
    if (order === undefined || session === undefined) return handle(request, target);
    let call: Call | undefined;
    const leave = order.enter(session, (left) => {
      const ordered = wrapResponse(target, {
        finished() {
          left();
          target.finished();
        },
      });
      call = handle(request, ordered);
    });
    if (leave === undefined) {
      discard(request);
      target.fail(new WasmcpError('queue-full', 'too many requests of the session wait already'));
      target.finished();
    }
    return {
      gone() {
        if (call !== undefined) return call.gone();
        discard(request);
        if (leave === undefined) return;
        leave();
        target.finished();
      },
    };
  }

  function forward(request: GuestRequest, envelope: Envelope, steps: Steps, target: ResponseTarget): void {
    steps.last(() =>
      waits(envelope) ? inOrder(request, target) : handle({ ...request, awaited: true }, target),
    );
  }

  function forwardInNewSession(
    request: GuestRequest,
    envelope: Envelope,
    steps: Steps,
    target: ResponseTarget,
  ): void {
    openSession(request, envelope.id, steps, (session) => {
      if (session !== undefined) {
        return forward(inSession(request, session), envelope, steps, tellingSession(target, session));
      }
      const noticing = wrapResponse(target, {
        head(status, headers) {
          sessionless ||= status < 300;
          target.head(status, headers);
        },
      });
      forward(request, envelope, steps, noticing);
    });
  }

  function needsSession(request: GuestRequest): boolean {
    return guide && !sessionless && sessionOf(request) === undefined && speaksOfSessions(request);
  }

  function route(request: GuestRequest, envelope: Envelope, steps: Steps, target: ResponseTarget): void {
    const { kind, method, id, protocolVersion } = envelope;
    if (method === 'initialize' && kind === 'request') {
      initialize(request, protocolVersion, steps, target);
    } else if (guide && method === 'session/terminate') {
      terminate(handle, request, id, steps);
    } else if (kind === 'request' && needsSession(request)) {
      forwardInNewSession(request, envelope, steps, target);
    } else {
      forward(request, envelope, steps, target);
    }
  }

  function dispatch(request: GuestRequest, envelope: Envelope, steps: Steps, target: ResponseTarget): void {
    const ends = guide && envelope.method === 'session/terminate';
    if (ends && sessionOf(request) === undefined) {
      const text = 'Mcp-Session-Id is missing: there is no session to end';
      answerError(steps.target, envelope.id, { status: 400, code: INVALID_REQUEST, text });
    } else if (mayBeOwned(request) && envelope.contradictory) {
      const text = 'a member comes twice or in other letters, or a method beside a result';
      answerError(steps.target, undefined, { status: 400, code: INVALID_REQUEST, text });
    } else if (ends || (mayBeOwned(request) && !isSurelyRequest(envelope))) {
      // What a guest waits for needs its place at once, and so does the question whose it is.
      const asking = { ...request, awaited: !waits(envelope) };
      asOwner(handle, asking, steps, () => route(request, envelope, steps, target));
    } else {
      route(request, envelope, steps, target);
    }
  }

  function post(
    request: GuestRequest,
    body: NonNullable<GuestRequest['body']>,
    target: ResponseTarget,
  ): Call {
    const steps = createSteps(target, () => discard(request));
    const { streams, headers } = readAccept(request.headers);
    const shaped = guide && !streams ? jsonAnswer(steps.target) : steps.target;
    // Whoever has no session needs the whole envelope: `initialize` is opened in its name.
    const opens = needsSession(request);
    // What may be somebody else's session is not told by the beginning of a message: more members may follow.
    const owned = mayBeOwned(request);
    steps.next(() => {
      peek(body, {
        enough: ({ kind, method }) =>
          !owned &&
          (kind === 'response' ||
            kind === 'notification' ||
            (kind === 'request' && !opens && method !== 'initialize' && method !== 'session/terminate')),
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
          dispatch(sent, result.envelope, steps, shaped);
        },
        failed(error) {
          if (error !== undefined) return steps.target.fail(error);
          // No guest has it yet that could tell: a source of `fetch` may fail while its caller waits.
          steps.next(() => {
            const text = 'the body broke off';
            answerError(steps.target, undefined, { status: 400, code: INVALID_REQUEST, text });
            return NO_CALL;
          });
        },
      });
      return NO_CALL;
    });
    return steps.call;
  }

  return (request, target) => {
    const { method, body } = request;
    if (method === 'POST' && body !== undefined) return post(request, body, target);
    if (method !== 'DELETE' || sessionOf(request) === undefined) return handle(request, target);
    const steps = createSteps(target, () => discard(request));
    asOwner(handle, request, steps, () => steps.last(() => handle(request, steps.target)));
    return steps.call;
  };
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

/** Nobody is going to read its body. */
function discard({ body }: GuestRequest): void {
  if (body !== undefined && !(body instanceof Uint8Array)) body.stop();
}
