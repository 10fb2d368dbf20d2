import { createRequestObservers, type RequestObservers } from '../../http/request-observers.ts';
import { type RequestSummary, summaryOf } from './request-summary.ts';
import { traceRequests } from './traces.ts';

/** Who observes the requests of one server. */
export interface Observation {
  /** Undefined if nobody can. */
  readonly observers: RequestObservers | undefined;
  /** Settles when all of them observe. */
  readonly ready: Promise<void> | undefined;
}

/** `given` observers, the library's callback, and the tracer that is registered in this process. */
export function observeRequests(
  given: RequestObservers | undefined,
  onRequest: ((request: RequestSummary) => void) | undefined,
): Observation {
  let observers = given;
  const ensure = (): RequestObservers => {
    observers ??= createRequestObservers();
    return observers;
  };
  if (onRequest !== undefined) ensure().add({ ended: (record) => onRequest(summaryOf(record)) });
  const ready = traceRequests(ensure);
  return { observers, ready };
}
