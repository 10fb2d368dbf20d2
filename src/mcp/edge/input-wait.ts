import { WasmcpError } from '../../../host/index.ts';
import type { Middleware } from '../../http/compose.ts';
import type { RequestHandle } from '../../http/handler.ts';
import { wrapResponse } from '../../http/response.ts';
import { isEventStream } from './event-data.ts';
import { errorEvent } from './messages.ts';
import type { PendingInputs, StreamInputs } from './pending-inputs.ts';
import { idOf } from './reject-unstarted.ts';
import { type Delivery, type McpMessage, waitsForTurn } from './stages.ts';

/**
 * Ends a stream whose guest has waited for its client for `limit` milliseconds. Messages that a guest may be waiting for get a
 * place even when no other request does.
 */
export function withInputWait(inputs: PendingInputs, limit: number): Middleware<Delivery> {
  return (next) => (message) => {
    const { request, envelope } = message;
    if (waitsForTurn(envelope)) return watch(message, next, inputs, limit);
    if (envelope.kind === 'response') inputs.settle(request, envelope.id);
    return next({ ...message, request: { ...request, awaited: true } });
  };
}

function watch(message: McpMessage, next: Delivery, inputs: PendingInputs, limit: number): RequestHandle {
  const { request, envelope, target } = message;
  let stream: StreamInputs | undefined;

  function noResponse(method: string): string {
    return `the client did not respond to ${JSON.stringify(method)} within ${limit} ms (--input-wait)`;
  }

  /** Ends the stream because of what the guest waits for. Returns false if it waits for nothing. */
  function giveUp(): boolean {
    const method = stream?.oldest();
    if (method === undefined) return false;
    stream?.clear();
    target.chunk(errorEvent(idOf(request, envelope), noResponse(method)), () => {});
    target.end([]);
    return true;
  }

  /** The engine logs the failure when it ends the guest. */
  function expired(method: string): void {
    handle.stop(new WasmcpError('guest-timeout', noResponse(method)));
    giveUp();
  }

  const watched = wrapResponse(target, {
    head(status, headers) {
      if (isEventStream(headers)) stream = inputs.open(request, expired);
      target.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      stream?.read(bytes);
      target.chunk(bytes, acknowledged);
    },
    end(trailers) {
      stream?.clear();
      target.end(trailers);
    },
    fail(error) {
      // Another limit came first, by an instant or because it is shorter.
      if (error.code === 'guest-timeout' && giveUp()) return;
      stream?.clear();
      target.fail(error);
    },
  });
  const handle = next({ ...message, target: watched });
  return {
    cancel() {
      stream?.clear();
      handle.cancel();
    },
    stop: (failure) => handle.stop(failure),
  };
}
