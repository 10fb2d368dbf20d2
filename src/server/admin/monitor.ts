import { createRequestObservers, type RequestObservers } from '../../http/request-observers.ts';
import type { NodeHandler } from '../node-adapter.ts';
import { type GuestMetrics, guestMetrics } from './metrics/guest-metrics.ts';
import { processMetrics } from './metrics/process-metrics.ts';
import { createMetrics } from './metrics/registry.ts';
import { requestMetrics } from './metrics/request-metrics.ts';
import { serverMetrics } from './metrics/server-metrics.ts';
import { createRequestCounter } from './requests.ts';
import type { ServerStatus } from './server-status.ts';

export type { Phase, ServerStatus } from './server-status.ts';

/** Collects the status and the metrics of one server on request. */
export interface Monitor {
  /** Counts the requests that `handler` gets. */
  withCounting(handler: NodeHandler): NodeHandler;
  /** Who observes the requests of the server. */
  readonly observers: RequestObservers;
  /** One request is over, see `GuestMetrics`. */
  readonly guestUsed: GuestMetrics['used'];
  /** Called by the server, once. */
  attach(status: () => ServerStatus): void;
  status(): ServerStatus;
  /** The metrics in Prometheus's text format, of type `contentType`. */
  metrics(): Promise<string>;
  readonly contentType: string;
  /** Stops measuring. */
  close(): void;
}

const UNATTACHED: ServerStatus = {
  phase: 'starting',
  storeUrl: undefined,
  storeGuarantee: undefined,
  load: undefined,
  purgedSessions: 0,
  sessions: undefined,
};

export function createMonitor(): Monitor {
  const metrics = createMetrics();
  const requests = createRequestCounter(metrics);
  const observers = createRequestObservers();
  observers.add(requestMetrics(metrics));
  const guests = guestMetrics(metrics);
  const collectServer = serverMetrics(metrics);
  const own = processMetrics(metrics);
  let current = (): ServerStatus => UNATTACHED;

  return {
    withCounting: requests.withCounting,
    observers,
    guestUsed: guests.used,
    attach(status) {
      current = status;
    },
    status: () => current(),
    contentType: metrics.contentType,
    async metrics() {
      await collectServer(current());
      own.collect();
      requests.collect();
      guests.collect();
      return metrics.text();
    },
    close: own.close,
  };
}
