import type { Guest } from '../../guest.ts';
import type { HttpErrorCode } from '../../io/error.ts';
import { type Operations, type TraceHeaders, wallClock } from '../../operations.ts';
import { errorCodeOf } from './error-code.ts';
import type { OutgoingHttp, RequestEvents, SentRequest } from './transport.ts';

/** Methods with a name of their own; others are one, because guests can make up any number of them. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'],
]);

/** `outgoing`, with each request of the guest noted in `operations`, and part of the trace that the guest's own request is in. */
export function observedOutgoing(outgoing: OutgoingHttp, guest: Guest, operations: Operations): OutgoingHttp {
  return {
    send(request, events) {
      const start = wallClock();
      const { method, destination } = request;
      let isNoted = false;
      const note = (outcome: string, status?: number): void => {
        if (isNoted) return;
        isNoted = true;
        operations.add({
          kind: 'http',
          name: METHODS.has(method) ? method : '_OTHER',
          outcome,
          start,
          duration: wallClock() - start,
          origin: destination.origin,
          ...(status !== undefined && { status }),
        });
      };
      try {
        const sending = outgoing.send(traced(request, guest.trace), noted(events, note));
        return {
          pause: () => sending.pause(),
          resume: () => sending.resume(),
          abort(reason) {
            note(codeOf(reason));
            sending.abort(reason);
          },
        };
      } catch (error) {
        note((error as Partial<HttpErrorCode>).tag ?? 'internal-error');
        throw error;
      }
    },
    close: () => outgoing.close(),
  };
}

type Note = (outcome: string, status?: number) => void;

/** The duration ends with the head of the response: the guest decides how fast it reads the body. */
function noted(events: RequestEvents, note: Note): RequestEvents {
  return {
    ...events,
    head(head) {
      note('ok', head.status);
      events.head(head);
    },
    failed(error) {
      note(codeOf(error));
      events.failed(error);
    },
  };
}

function codeOf(error: unknown): string {
  return errorCodeOf(error).tag;
}

/** A trace that the guest continues by itself stays as it is. */
function traced(request: SentRequest, trace: TraceHeaders | undefined): SentRequest {
  if (trace === undefined) return request;
  const { headers } = request;
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() === 'traceparent') return request;
  }
  const { traceparent, tracestate } = trace;
  const added = ['traceparent', traceparent, ...(tracestate === undefined ? [] : ['tracestate', tracestate])];
  return { ...request, headers: [...headers, ...added] };
}
