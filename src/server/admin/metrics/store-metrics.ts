import type { StoreMetrics } from '../../../../host/index.ts';
import type { Counter, Metrics } from './registry.ts';

/** The calls and connections of a store on another machine. Returns a function that reads them. */
export function storeMetrics(metrics: Metrics): (store: StoreMetrics) => void {
  const name = (part: string): string => `wasmcp_node_store_${part}`;
  const connections = metrics.gauge(name('connections'), 'Connections to the store.', ['state']);
  const opened = metrics.counter(
    name('connections_opened_total'),
    'Connections opened to the store, those that replaced lost ones included.',
  );
  const waiting = metrics.gauge(name('calls_waiting'), 'Calls that wait for a connection to the store.');
  const running = metrics.gauge(name('calls_running'), 'Calls to the store in progress.', ['kind']);
  const ended = metrics.counter(name('calls_total'), 'Calls to the store that have ended.', ['kind']);
  const failed = metrics.counter(name('calls_failed_total'), 'Calls to the store that failed.', ['kind']);
  const seconds = metrics.counter(
    name('call_seconds_total'),
    'Time of the calls to the store that have ended, the wait for a connection and repetitions included.',
    ['kind'],
  );

  return (store) => {
    connections.set({ state: 'busy' }, store.connections.busy);
    connections.set({ state: 'idle' }, store.connections.idle);
    opened.reset();
    opened.inc(store.connections.opened);
    waiting.set(store.connections.waiting);
    for (const [kind, calls] of Object.entries(store.calls)) {
      running.set({ kind }, calls.running);
      setTo(ended, kind, calls.ended);
      setTo(failed, kind, calls.failed);
      setTo(seconds, kind, calls.seconds);
    }
  };
}

function setTo(counter: Counter<'kind'>, kind: string, value: number): void {
  counter.remove({ kind });
  counter.inc({ kind }, value);
}
