import type { NodeHandler } from '../node-adapter.ts';
import type { Metrics } from './metrics/registry.ts';

/** Counts requests and measures their durations, including those that come before the start. */
export interface RequestCounter {
  /** Counts the requests that `handler` gets. */
  withCounting(handler: NodeHandler): NodeHandler;
  /** Reads the current values. */
  collect(): void;
}

/** Upper bounds of the histogram, in seconds. */
const BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** By the first digit of the status; 0 for clients that disconnected before a response. */
const CLASSES: readonly string[] = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'];

export function createRequestCounter(metrics: Metrics): RequestCounter {
  const finished = metrics.counter(
    'wasmcp_node_requests_total',
    'Finished requests by class of status; aborted: the client disconnected before a response.',
    ['status'],
  );
  const byClass = new Float64Array(CLASSES.length);
  const durations = metrics.histogram(
    'wasmcp_node_request_duration_seconds',
    'Former name of http_server_request_duration_seconds; the next release will not have it.',
    BOUNDS,
  );
  const current = metrics.gauge('wasmcp_node_requests_in_flight', 'Requests in progress.');
  let inProgress = 0;

  return {
    withCounting: (handler) => (request, response) => {
      // It emits no `close` any more.
      if (response.closed) return handler(request, response);
      const began = performance.now();
      inProgress += 1;
      response.once('close', () => {
        const digit = response.headersSent ? Math.floor(response.statusCode / 100) : 0;
        byClass[digit < CLASSES.length ? digit : 0]! += 1;
        durations.observe((performance.now() - began) / 1000);
        inProgress -= 1;
      });
      handler(request, response);
    },
    collect() {
      current.set(inProgress);
      finished.reset();
      CLASSES.forEach((status, digit) => {
        finished.inc({ status }, byClass[digit]!);
      });
    },
  };
}
