import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Handle } from '../engine/request.ts';
import { pathOf, refusal } from './limits.ts';
import { answerPlainly, createNodeTarget } from './node-response.ts';
import { receiveBody } from './node-upload.ts';
import { plainAnswer } from './plain.ts';

/** A `node:http` request listener; also what express and fastify mount. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** How `node:http` reaches guests. */
export interface NodeFront {
  /** For the event `request`. */
  readonly handler: NodeHandler;
  /** For the event `checkContinue`: a body that is going to be refused is not asked for. */
  readonly continueHandler: NodeHandler;
}

export function createNodeFront(handle: Handle, maxBody: number): NodeFront {
  /** Whether the request was answered here. */
  function refused(request: IncomingMessage, response: ServerResponse): boolean {
    const status = refusal(request, maxBody);
    if (status === undefined) return false;
    // Later: when node's parser finds fault with the body itself, it answers and cuts off what was written by now.
    setImmediate(() => {
      if (!response.destroyed) answerPlainly(request, response, plainAnswer(status));
    });
    return true;
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    receiveBody(request, maxBody, (body) => {
      if (response.destroyed) return;
      const call = handle(
        {
          method: request.method!,
          scheme: (request.socket as TLSSocket).encrypted ? 'https' : 'http',
          authority: request.headers.host,
          path: pathOf(request.url!),
          headers: request.rawHeaders,
          body,
        },
        createNodeTarget(request, response),
      );
      response.on('close', call.gone);
    });
  }

  return {
    handler(request, response) {
      if (!refused(request, response)) serve(request, response);
    },
    continueHandler(request, response) {
      if (refused(request, response)) return;
      response.writeContinue();
      serve(request, response);
    },
  };
}
