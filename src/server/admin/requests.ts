import type { NodeHandler } from '../node-adapter.ts';
import { createHistogram } from './histogram.ts';
import type { Metric } from './prometheus.ts';

/** Counts requests and measures their durations. */
export interface RequestCounter {
  /** Counts the requests that `handler` gets. */
  withCounting(handler: NodeHandler): NodeHandler;
  metrics(): Metric[];
}

/** Upper bounds of the histogram, in seconds. */
const BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** By the first digit of the status; 0 for clients that disconnected before a response. */
const CLASSES: readonly string[] = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'];

export function createRequestCounter(): RequestCounter {
  const byClass = new Float64Array(CLASSES.length);
  const durations = createHistogram(BOUNDS);
  let current = 0;

  function count(statusClass: number, duration: number): void {
    byClass[statusClass]! += 1;
    durations.add(duration);
    current -= 1;
  }

  return {
    withCounting: (handler) => (request, response) => {
      // It emits no `close` any more.
      if (response.closed) return handler(request, response);
      const began = performance.now();
      current += 1;
      response.once('close', () => {
        const status = response.headersSent ? Math.floor(response.statusCode / 100) : 0;
        count(status < CLASSES.length ? status : 0, (performance.now() - began) / 1000);
      });
      handler(request, response);
    },
    metrics: () => [
      {
        name: 'wasmcp_node_requests_total',
        help: 'Finished requests by class of status; aborted: the client disconnected before a response.',
        type: 'counter',
        samples: CLASSES.map((status, n) => ({ labels: { status }, value: byClass[n]! })),
      },
      {
        name: 'wasmcp_node_request_duration_seconds',
        help: 'Time from the head of a request to the end of its response, streams included.',
        type: 'histogram',
        samples: durations.samples(),
      },
      {
        name: 'wasmcp_node_requests_in_flight',
        help: 'Requests in progress.',
        type: 'gauge',
        samples: [{ value: current }],
      },
    ],
  };
}
