import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { cutText } from '../../host/index.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Handler, Upload } from '../http/handler.ts';
import { header } from '../http/headers.ts';
import type { RequestObservers } from '../http/request-observers.ts';
import type { RequestRecord } from '../http/request-record.ts';
import type { AccessPolicy, Admission, Admitted, GuestHead } from './access-policy/access-policy.ts';
import { bodyReadBefore, headFor, LOST_BODY, lostBodyResponse } from './body-read-before.ts';
import { isAmbiguous, isTooLarge, pathOf } from './limits.ts';
import { createNodeWriter, sendPlainResponse } from './node-response.ts';
import { type BodyLimits, receiveBody } from './node-upload.ts';
import { recordedBody, recordedResponse, recordPlain } from './observe/recorded.ts';
import { failureResponse, type PlainResponse, plainResponse } from './plain.ts';

/** A `node:http` request listener; also what express and fastify mount. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves requests of `node:http`. */
export interface NodeAdapter {
  /** For the event `request`. */
  readonly handler: NodeHandler;
  /** For the event `checkContinue`: a body that will be refused is not requested. */
  readonly continueHandler: NodeHandler;
  /** For the event `checkExpectation`: Node would refuse it by itself, however ambiguous it is, and take a body without an end. */
  readonly expectationHandler: NodeHandler;
}

/** What the field `Expect` asks for (RFC 9110 section 10.1.1). */
type Expectation = 'none' | 'continue' | 'unknown';

export function createNodeAdapter(
  handle: Handler,
  policy: AccessPolicy,
  limits: BodyLimits,
  log: EngineOptions['log'],
  observers?: RequestObservers,
): NodeAdapter {
  const { maxBody } = limits;
  /** Connections whose next request may be part of a malformed one. */
  const spoiled = new WeakSet<Socket>();

  function judge(request: IncomingMessage, expectation: Expectation): Admission {
    if (isAmbiguous(request)) {
      spoiled.add(request.socket);
      return { response: plainResponse(400) };
    }
    const admission = policy.admit({
      method: request.method!,
      scheme: (request.socket as TLSSocket).encrypted ? 'https' : 'http',
      authority: request.headers.host,
      path: pathOf(request.url!),
      headers: request.rawHeaders,
    });
    if ('response' in admission) return admission;
    if (expectation === 'unknown') return { response: plainResponse(417, admission.cors) };
    return isTooLarge(request, maxBody) ? { response: plainResponse(413, admission.cors) } : admission;
  }

  /** Serves the request, unless a response without a guest is due. */
  function admitOrRespond(
    request: IncomingMessage,
    response: ServerResponse,
    expectation: Expectation = 'none',
  ): void {
    // Over already: the client has disconnected, or other code has responded.
    if (response.destroyed || response.headersSent) return;
    // Read after a malformed request; the connection ends with the response to that one.
    if (spoiled.has(request.socket)) return;
    const record = observers && beginRecord(observers, request, response);
    const admission = judge(request, expectation);
    if ('response' in admission) {
      // Later: when Node's parser rejects the body itself, it responds and discards what was written by now.
      setImmediate(() => {
        if (!response.destroyed) respond(request, response, admission.response, record);
      });
      return;
    }
    if (expectation === 'continue') response.writeContinue();
    serve(request, response, admission, record);
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { head, cors }: Admitted,
    record: RequestRecord | undefined,
  ): void {
    const kept = bodyReadBefore(request);
    if (kept === undefined) {
      receiveBody(request, response, limits, {
        received: (body) => pass(head, body),
        stalled(error) {
          if (!response.destroyed) respond(request, response, failureResponse(error, cors), record);
        },
      });
    } else if (kept === 'lost') {
      void log?.('error', labelOf(head), LOST_BODY);
      respond(request, response, lostBodyResponse(cors), record);
    } else if (kept.length > maxBody) {
      respond(request, response, plainResponse(413, cors), record);
    } else {
      pass(headFor(head, kept), kept);
    }

    function pass(head: GuestHead, body: Uint8Array | Upload | undefined): void {
      if (response.destroyed) return;
      const writer = createNodeWriter(request, response, cors, ({ message }) => {
        void log?.('error', labelOf(head), `the response could not be sent: ${message}`);
      });
      const receivedAt = performance.now();
      const call =
        record === undefined
          ? handle({ ...head, body, receivedAt }, writer)
          : handle(
              { ...head, body: recordedBody(record, body), receivedAt, record },
              recordedResponse(record, writer),
            );
      response.on('close', call.cancel);
    }
  }

  return {
    handler: (request, response) => admitOrRespond(request, response),
    continueHandler: (request, response) => admitOrRespond(request, response, 'continue'),
    expectationHandler: (request, response) => admitOrRespond(request, response, 'unknown'),
  };
}

/** A record of this request until its response is closed; undefined if nobody observes requests. */
function beginRecord(
  observers: RequestObservers,
  request: IncomingMessage,
  response: ServerResponse,
): RequestRecord | undefined {
  const head = { method: request.method!, path: request.url!, headers: request.rawHeaders };
  const record = observers.begin(head);
  if (record === undefined) return undefined;
  record.inSession(header(head.headers, 'mcp-session-id'));
  response.on('close', () => {
    record.status = response.headersSent ? response.statusCode : 0;
    record.answered();
  });
  return record;
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  plain: PlainResponse,
  record: RequestRecord | undefined,
): void {
  recordPlain(record, plain);
  sendPlainResponse(request, response, plain);
}

/** For the log. Queries may contain secrets. */
function labelOf({ method, path }: GuestHead): string {
  return cutText(`${method} ${path.split('?', 1)[0]}`);
}
