import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { cutText } from '../../host/index.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Handler, Upload } from '../http/handler.ts';
import type { AccessPolicy, Admission, Admitted, GuestHead } from './access-policy/access-policy.ts';
import { bodyReadBefore, headFor, LOST_BODY, lostBodyAnswer } from './body-read-before.ts';
import { isAmbiguous, isTooLarge, pathOf } from './limits.ts';
import { answerPlainly, createNodeTarget } from './node-response.ts';
import { type BodyLimits, receiveBody } from './node-upload.ts';
import { failureAnswer, plainAnswer } from './plain.ts';

/** A `node:http` request listener; also what express and fastify mount. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** How `node:http` reaches guests. */
export interface NodeAdapter {
  /** For the event `request`. */
  readonly handler: NodeHandler;
  /** For the event `checkContinue`: a body that is going to be refused is not asked for. */
  readonly continueHandler: NodeHandler;
}

export function createNodeAdapter(
  handle: Handler,
  policy: AccessPolicy,
  limits: BodyLimits,
  log: EngineOptions['log'],
): NodeAdapter {
  const { maxBody } = limits;
  /** Connections whose next request may be part of a bad one. */
  const spoiled = new WeakSet<Socket>();

  function judge(request: IncomingMessage): Admission {
    if (isAmbiguous(request)) {
      spoiled.add(request.socket);
      return { answer: plainAnswer(400) };
    }
    const admission = policy.admit({
      method: request.method!,
      scheme: (request.socket as TLSSocket).encrypted ? 'https' : 'http',
      authority: request.headers.host,
      path: pathOf(request.url!),
      headers: request.rawHeaders,
    });
    if ('answer' in admission || !isTooLarge(request, maxBody)) return admission;
    return { answer: plainAnswer(413, admission.cors) };
  }

  /** `proceed`, unless the request is answered here. */
  function answerOr(request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    // Over before it came here: the client has left, or somebody else has answered.
    if (response.destroyed || response.headersSent) return;
    // Read already, from behind a bad one; the connection ends with that one's answer.
    if (spoiled.has(request.socket)) return;
    const admission = judge(request);
    if ('answer' in admission) {
      // Later: when node's parser finds fault with the body itself, it answers and cuts off what was written by now.
      setImmediate(() => {
        if (!response.destroyed) answerPlainly(request, response, admission.answer);
      });
      return;
    }
    proceed();
    serve(request, response, admission);
  }

  function serve(request: IncomingMessage, response: ServerResponse, { head, cors }: Admitted): void {
    const kept = bodyReadBefore(request);
    if (kept === undefined) {
      receiveBody(request, response, limits, {
        received: (body) => pass(head, body),
        stalled(error) {
          if (!response.destroyed) answerPlainly(request, response, failureAnswer(error, cors));
        },
      });
    } else if (kept === 'lost') {
      void log?.('error', labelOf(head), LOST_BODY);
      answerPlainly(request, response, lostBodyAnswer(cors));
    } else if (kept.length > maxBody) {
      answerPlainly(request, response, plainAnswer(413, cors));
    } else {
      pass(headFor(head, kept), kept);
    }

    function pass(head: GuestHead, body: Uint8Array | Upload | undefined): void {
      if (response.destroyed) return;
      const target = createNodeTarget(request, response, cors, ({ message }) => {
        void log?.('error', labelOf(head), `the response could not be sent: ${message}`);
      });
      const call = handle({ ...head, body, receivedAt: performance.now() }, target);
      response.on('close', call.cancel);
    }
  }

  return {
    handler: (request, response) => answerOr(request, response, () => {}),
    continueHandler: (request, response) => answerOr(request, response, () => response.writeContinue()),
  };
}

/** For the log: queries carry secrets. */
function labelOf({ method, path }: GuestHead): string {
  return cutText(`${method} ${path.split('?', 1)[0]}`);
}
