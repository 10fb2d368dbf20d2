import { type StoreGuarantee, sizeOfStore } from '../../../host/index.ts';
import type { EngineLoad } from '../../engine/engine.ts';
import { createRequestObservers, type RequestObservers } from '../../http/request-observers.ts';
import { version } from '../../version.ts';
import type { NodeHandler } from '../node-adapter.ts';
import { createGuestUsage, type GuestUsage } from './guest-usage.ts';
import type { Metric, Sample } from './prometheus.ts';
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
}

/** Collects the status and the metrics of one server on request. */
export interface Monitor {
  /** Counts the requests that `handler` gets. */
  withCounting(handler: NodeHandler): NodeHandler;
  /** Who observes the requests of the server. */
  readonly observers: RequestObservers;
  /** One request is over, see `GuestUsage`. */
  readonly guestUsed: GuestUsage['add'];
  /** Called by the server, once. */
  attach(status: () => ServerStatus): void;
  status(): ServerStatus;
  metrics(): Promise<Metric[]>;
}

const UNATTACHED: ServerStatus = {
  phase: 'starting',
  storeUrl: undefined,
  storeGuarantee: undefined,
  load: undefined,
  purgedSessions: 0,
};

export function createMonitor(): Monitor {
  const requests = createRequestCounter();
  const guests = createGuestUsage();
  let current = (): ServerStatus => UNATTACHED;

  return {
    withCounting: requests.withCounting,
    observers: createRequestObservers(),
    guestUsed: guests.add,
    attach(status) {
      current = status;
    },
    status: () => current(),
    async metrics() {
      const { storeUrl, load, purgedSessions } = current();
      const size = storeUrl === undefined ? undefined : await sizeOfStore(storeUrl);
      return [
        ...requests.metrics(),
        ...guests.metrics(),
        ...(load === undefined ? [] : loadMetrics(load)),
        {
          name: 'wasmcp_node_store_bytes',
          help: 'Size of the store: the database file, and the log that is not yet written back to it.',
          type: 'gauge',
          samples: Object.entries(size ?? {}).map(([file, value]) => ({
            labels: { file },
            value: Number(value),
          })),
        },
        {
          name: 'wasmcp_node_sessions_purged_total',
          help: 'MCP sessions purged by this process.',
          type: 'counter',
          samples: [{ value: purgedSessions }],
        },
        ...processMetrics(),
      ];
    },
  };
}

function loadMetrics({ guests, waiting, syncs, serving, starting }: EngineLoad): Metric[] {
  const workers = Object.entries({ serving, starting });
  return [
    gauge('wasmcp_node_guests', 'Guests that are running.', [{ value: guests }]),
    gauge('wasmcp_node_requests_waiting', 'Requests that are waiting for a worker.', [{ value: waiting }]),
    gauge(
      'wasmcp_node_workers',
      'Worker threads that serve requests or are starting.',
      workers.map(([state, value]) => ({ labels: { state }, value })),
    ),
    {
      name: 'wasmcp_node_store_syncs_total',
      help: 'Syncs of the store that responses waited for.',
      type: 'counter',
      samples: syncs === undefined ? [] : [{ value: syncs }],
    },
  ];
}

function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge('wasmcp_node_info', 'Versions of wasmcp-node and Node.js.', [
      { labels: { version, node: process.versions.node }, value: 1 },
    ]),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', [
      { value: performance.timeOrigin / 1000 },
    ]),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [
      { value: process.memoryUsage.rss() },
    ]),
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples };
}
