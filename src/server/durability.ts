import type { DurabilityGate, WasmcpError } from '../../host/index.ts';
import type { Middleware } from '../http/compose.ts';
import type { RequestRecord } from '../http/request-record.ts';
import { wrapResponse } from '../http/response.ts';

/**
 * Holds back each piece of a response until `gate` lets it pass: nothing that a client has read is lost later, no matter
 * which request wrote it. Failures of the engine do not wait, as they acknowledge nothing. Without a gate nothing waits.
 *
 * In front of the MCP edge: what the edge asks guests on behalf of a client need not be on disk before the client's own response
 * is, so a request that opens a session waits for one sync.
 */
export function withDurability(gate: DurabilityGate | undefined): Middleware {
  if (gate === undefined) return (next) => next;
  return (next) => (request, writer) => {
    const { record } = request;
    const pass = record === undefined ? gate.pass : timed(gate, record);
    let over = false;
    let isIndependent = false;

    function release(failure: WasmcpError | undefined, deliver: () => void): void {
      if (over) return;
      if (failure === undefined) {
        deliver();
        return;
      }
      over = true;
      writer.fail(failure);
    }

    function hold(deliver: () => void): void {
      if (isIndependent && !over) deliver();
      else pass((failure) => release(failure, deliver));
    }

    const held = wrapResponse(writer, {
      head(status, headers, independent = false) {
        isIndependent = independent;
        hold(() => writer.head(status, headers));
      },
      chunk: (bytes, acknowledged) => hold(() => writer.chunk(bytes, acknowledged)),
      end: (trailers) => hold(() => writer.end(trailers)),
      fail(error) {
        if (over) return;
        over = true;
        writer.fail(error);
      },
    });
    const call = next(request, held);
    return {
      cancel() {
        over = true;
        call.cancel();
      },
      stop: (failure) => call.stop(failure),
    };
  };
}

/** Records for how long parts of one response wait. */
function timed({ pass }: DurabilityGate, record: RequestRecord): DurabilityGate['pass'] {
  let waiting = 0;
  let since = 0;
  return (release) => {
    if (waiting === 0) since = performance.now();
    waiting += 1;
    pass((failure) => {
      waiting -= 1;
      if (waiting === 0) record.gate += performance.now() - since;
      release(failure);
    });
  };
}
