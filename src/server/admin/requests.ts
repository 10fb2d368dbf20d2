import type { NodeHandler } from '../node-adapter.ts';
import type { Metric, Sample } from './prometheus.ts';

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
  /** Requests above the previous bound and not above this one; the last entry counts those above all bounds. */
  const byDuration = new Float64Array(BOUNDS.length + 1);
  let seconds = 0;
  let current = 0;

  function count(statusClass: number, duration: number): void {
    byClass[statusClass]! += 1;
    const place = BOUNDS.findIndex((bound) => duration <= bound);
    byDuration[place < 0 ? BOUNDS.length : place]! += 1;
    seconds += duration;
    current -= 1;
  }

  function durations(): Sample[] {
    let sum = 0;
    const buckets = [...BOUNDS.map(String), '+Inf'].map((le, place) => {
      sum += byDuration[place]!;
      return { suffix: '_bucket', labels: { le }, value: sum };
    });
    return [...buckets, { suffix: '_sum', value: seconds }, { suffix: '_count', value: sum }];
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
        samples: durations(),
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
