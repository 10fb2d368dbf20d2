import { WasmcpError } from '../../host/index.ts';
import type { Handler } from '../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../http/response.ts';

/** Where requests come in, until it is closed. */
export interface Door {
  readonly handle: Handler;
  /** Lets nothing more in, and waits until those inside have their answers or have gone, `limit` milliseconds at most. */
  close(limit: number): Promise<void>;
}

export function createDoor(handle: Handler): Door {
  let inside = 0;
  let closed = false;
  let empty: (() => void) | undefined;

  function enter(): () => void {
    let here = true;
    inside += 1;
    return () => {
      if (!here) return;
      here = false;
      inside -= 1;
      if (inside === 0) empty?.();
    };
  }

  return {
    handle(request, target) {
      const { body } = request;
      if (closed) {
        if (body !== undefined && !(body instanceof Uint8Array)) body.stop();
        target.fail(new WasmcpError('server-closing', 'the server is closing'));
        target.finished();
        return { cancel() {} };
      }
      const leave = enter();
      const call = handle(request, leaving(target, leave));
      return {
        cancel() {
          leave();
          call.cancel();
        },
      };
    },
    async close(limit) {
      closed = true;
      if (inside === 0) return;
      const left = Promise.withResolvers<void>();
      empty = left.resolve;
      const timer = setTimeout(left.resolve, limit);
      await left.promise;
      clearTimeout(timer);
    },
  };
}

function leaving(target: ResponseWriter, left: () => void): ResponseWriter {
  return wrapResponse(target, {
    end(trailers) {
      target.end(trailers);
      left();
    },
    fail(error) {
      target.fail(error);
      left();
    },
  });
}
