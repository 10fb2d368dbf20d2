import { sizeOfStore } from '../../../../host/index.ts';
import type { EngineLoad } from '../../../engine/engine.ts';
import type { ServerStatus } from '../server-status.ts';
import type { Metrics } from './registry.ts';
import { storeMetrics } from './store-metrics.ts';

/** What the server does at the moment. Returns a function that reads it. */
export function serverMetrics(metrics: Metrics): (status: ServerStatus) => Promise<void> {
  const guests = metrics.gauge('wasmcp_node_guests', 'Guests that are running.');
  const waiting = metrics.gauge('wasmcp_node_requests_waiting', 'Requests that are waiting for a worker.');
  const workers = metrics.gauge(
    'wasmcp_node_workers',
    'Worker threads that serve requests or are starting.',
    ['state'],
  );
  const syncs = metrics.counter(
    'wasmcp_node_store_syncs_total',
    'Syncs of the store that responses waited for.',
  );
  const size = metrics.gauge(
    'wasmcp_node_store_bytes',
    'Size of the store: the database file, and the log that is not yet written back to it.',
    ['file'],
  );
  const budget = metrics.gauge('wasmcp_node_memory_budget_bytes', 'Memory that the process may use.');
  const held = metrics.gauge('wasmcp_node_memory_held_bytes', 'Memory that the process uses, or soon will.');
  const purged = metrics.counter('wasmcp_node_sessions_purged_total', 'MCP sessions purged by this process.');
  const sessions = metrics.gauge(
    'wasmcp_node_sessions',
    'MCP sessions in the store by state, when the retention last read all of them.',
    ['state'],
  );
  const counted = metrics.gauge(
    'wasmcp_node_sessions_counted_timestamp_seconds',
    'When sessions were last counted, since unix epoch.',
  );

  /** Only for a store that has connections. */
  let collectStore: ReturnType<typeof storeMetrics> | undefined;

  function collectLoad(load: EngineLoad): void {
    guests.set(load.guests);
    waiting.set(load.waiting);
    workers.set({ state: 'serving' }, load.serving);
    workers.set({ state: 'starting' }, load.starting);
    budget.set(load.memoryBudget);
    held.set(load.memoryHeld);
    syncs.reset();
    syncs.inc(load.syncs ?? 0);
    if (load.storeMetrics === undefined) return;
    collectStore ??= storeMetrics(metrics);
    collectStore(load.storeMetrics);
  }

  return async ({ storeUrl, load, purgedSessions, sessions: found }) => {
    if (load !== undefined) collectLoad(load);
    const bytes = storeUrl === undefined ? undefined : await sizeOfStore(storeUrl);
    for (const [file, value] of Object.entries(bytes ?? {})) size.set({ file }, Number(value));
    purged.reset();
    purged.inc(purgedSessions);
    if (found === undefined) return;
    for (const [state, count] of Object.entries(found.states)) sessions.set({ state }, count);
    counted.set(found.at / 1000);
  };
}
