import type { StoreGuarantee } from '../../../host/index.ts';
import type { EngineLoad } from '../../engine/engine.ts';
import { createRequestObservers, type RequestObservers } from '../../http/request-observers.ts';
import type { SessionCount } from '../../mcp/sessions/retention.ts';
import type { NodeHandler } from '../node-adapter.ts';
import { type GuestMetrics, guestMetrics } from './metrics/guest-metrics.ts';
import { processMetrics } from './metrics/process-metrics.ts';
import { createMetrics } from './metrics/registry.ts';
import { requestMetrics } from './metrics/request-metrics.ts';
import { serverMetrics } from './metrics/server-metrics.ts';
import { createRequestCounter } from './requests.ts';

/** The state of a server. */
export type Phase = 'starting' | 'ready' | 'draining' | 'store-broken' | 'store-unavailable';

export interface ServerStatus {
  readonly phase: Phase;
  /** Undefined before the start, as is `load`. */
  readonly storeUrl: string | undefined;
  readonly storeGuarantee: StoreGuarantee | undefined;
  readonly load: EngineLoad | undefined;
  readonly purgedSessions: number;
  /** The sessions that are left, when they were last counted, in milliseconds since 1970. */
  readonly sessions: SessionCount | undefined;
}

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
      return metrics.text();
    },
    close: own.close,
  };
}
