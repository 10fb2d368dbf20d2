import { WasmcpError } from '../../host/index.ts';
import type { Middleware } from '../http/compose.ts';
import { COMPLETE } from '../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../http/response.ts';

/** Counts the requests that have no complete response yet, so that a server can wait for them before it ends. */
export interface Drain {
  readonly withDrain: Middleware;
  /** Refuses new requests and waits for those under way, `limit` milliseconds at most. */
  drain(limit: number): Promise<void>;
}

export function createDrain(): Drain {
  let pending = 0;
  let draining = false;
  let emptied: (() => void) | undefined;

  function enter(): () => void {
    let entered = true;
    pending += 1;
    return () => {
      if (!entered) return;
      entered = false;
      pending -= 1;
      if (pending === 0) emptied?.();
    };
  }

  return {
    withDrain: (next) => (request, writer) => {
      const { body } = request;
      if (draining) {
        if (body !== undefined && !(body instanceof Uint8Array)) body.stop();
        writer.fail(new WasmcpError('server-closing', 'the server is closing'));
        writer.finished();
        return COMPLETE;
      }
      const leave = enter();
      const call = next(request, untilOver(writer, leave));
      return {
        cancel() {
          leave();
          call.cancel();
        },
        stop: (failure) => call.stop(failure),
      };
    },
    async drain(limit) {
      draining = true;
      if (pending === 0) return;
      const empty = Promise.withResolvers<void>();
      emptied = empty.resolve;
      const timer = setTimeout(empty.resolve, limit);
      await empty.promise;
      clearTimeout(timer);
    },
  };
}

function untilOver(writer: ResponseWriter, over: () => void): ResponseWriter {
  return wrapResponse(writer, {
    end(trailers) {
      writer.end(trailers);
      over();
    },
    fail(error) {
      writer.fail(error);
      over();
    },
  });
}
