import type { OutputGate } from '../../host/index.ts';
import { type Handle, wrapResponse } from './request.ts';

/**
 * `handle`, whose responses leave piece by piece through `gate`: nothing that a client reads, whoever wrote it, is
 * forgotten later. Failures of the engine do not wait, as they acknowledge nothing.
 */
export function held(handle: Handle, gate: OutputGate): Handle {
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
      chunk: (bytes, taken) => hold(() => target.chunk(bytes, taken)),
      end: (trailers) => hold(() => target.end(trailers)),
      fail(error) {
        if (over) return;
        over = true;
        target.fail(error);
      },
    });
    const call = handle(request, held);
    return {
      gone() {
        over = true;
        call.gone();
      },
      stop: (failure) => call.stop?.(failure),
    };
  };
}
