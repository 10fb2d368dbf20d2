import type { DurabilityGate } from '../../host/index.ts';
import type { Handler } from '../http/handler.ts';
import { wrapResponse } from '../http/response.ts';

/**
 * `handle`, whose responses leave piece by piece through `gate`: nothing that a client reads, whoever wrote it, is
 * forgotten later. Failures of the engine do not wait, as they acknowledge nothing.
 */
export function held(handle: Handler, gate: DurabilityGate): Handler {
  return (request, target) => {
    let over = false;

    function hold(deliver: () => void): void {
      gate.pass((failure) => {
        if (over) return;
        if (failure === undefined) return deliver();
        over = true;
        target.fail(failure);
      });
    }

    const held = wrapResponse(target, {
      head: (status, headers) => hold(() => target.head(status, headers)),
      chunk: (bytes, acknowledged) => hold(() => target.chunk(bytes, acknowledged)),
      end: (trailers) => hold(() => target.end(trailers)),
      fail(error) {
        if (over) return;
        over = true;
        target.fail(error);
      },
    });
    const call = handle(request, held);
    return {
      cancel() {
        over = true;
        call.cancel();
      },
      stop: (failure) => call.stop?.(failure),
    };
  };
}
