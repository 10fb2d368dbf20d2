import { sizeOfStore } from '../../../host/index.ts';
import type { EngineLoad } from '../../engine/engine.ts';
import { version } from '../../version.ts';
import type { NodeHandler } from '../node-adapter.ts';
import type { Metric, Sample } from './prometheus.ts';
import { createRequestCounter } from './requests.ts';

/** Where a server is in its life. */
export type Phase = 'starting' | 'ready' | 'draining' | 'store-broken';

/** A server as an onlooker sees it. */
export interface ServerStatus {
  readonly phase: Phase;
  /** Undefined before the start, as are the others. */
  readonly storeUrl: string | undefined;
  readonly durability: string;
  readonly load: EngineLoad | undefined;
  readonly purgedSessions: number;
}

/** Looks at one server, when it is asked to. */
export interface Monitor {
  /** `handler`, whose requests count. */
  counting(handler: NodeHandler): NodeHandler;
  /** Called by the server, once: how it looks at the moment. */
  watch(look: () => ServerStatus): void;
  look(): ServerStatus;
  metrics(): Promise<Metric[]>;
}

const BEFORE: ServerStatus = {
  phase: 'starting',
  storeUrl: undefined,
  durability: 'power',
  load: undefined,
  purgedSessions: 0,
};

export function createMonitor(): Monitor {
  const requests = createRequestCounter();
  let look = (): ServerStatus => BEFORE;

  return {
    counting: requests.counting,
    watch(next) {
      look = next;
    },
    look: () => look(),
    async metrics() {
      const { storeUrl, load, purgedSessions } = look();
      const size = storeUrl === undefined ? undefined : await sizeOfStore(storeUrl);
      return [
        ...requests.metrics(),
        ...(load === undefined ? [] : loadMetrics(load)),
        {
          name: 'wasmcp_node_store_bytes',
          help: 'Size of the files of the store: the database, and the log that is not in it yet.',
          type: 'gauge',
          samples: Object.entries(size ?? {}).map(([file, value]) => ({
            labels: { file },
            value: Number(value),
          })),
        },
        {
          name: 'wasmcp_node_sessions_purged_total',
          help: 'MCP sessions that this process has purged.',
          type: 'counter',
          samples: [{ value: purgedSessions }],
        },
        ...processMetrics(),
      ];
    },
  };
}

function loadMetrics({ guests, waiting, syncs, serving, standby, starting, busy }: EngineLoad): Metric[] {
  const workers = Object.entries({ serving, standby, starting, busy });
  return [
    gauge('wasmcp_node_guests', 'Guests that are alive.', [{ value: guests }]),
    gauge('wasmcp_node_requests_waiting', 'Requests that wait for a worker.', [{ value: waiting }]),
    gauge(
      'wasmcp_node_workers',
      'Worker threads: those that take requests, stand by, start, or are kept busy by a guest.',
      workers.map(([state, value]) => ({ labels: { state }, value })),
    ),
    {
      name: 'wasmcp_node_store_syncs_total',
      help: 'Syncs of the store that answers have waited for.',
      type: 'counter',
      samples: syncs === undefined ? [] : [{ value: syncs }],
    },
  ];
}

function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge('wasmcp_node_info', 'What runs here.', [
      { labels: { version, node: process.versions.node }, value: 1 },
    ]),
    gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', [
      { value: performance.timeOrigin / 1000 },
    ]),
    gauge('process_resident_memory_bytes', 'Memory that the process holds.', [
      { value: process.memoryUsage.rss() },
    ]),
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time that the process has taken.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples };
}
