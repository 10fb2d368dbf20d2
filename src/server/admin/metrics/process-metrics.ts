import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { version } from '../../../version.ts';
import type { Gauge, Metrics } from './registry.ts';

/** Milliseconds between two measurements of the event loop. */
const RESOLUTION = 20;
const NANOSECOND = 1e-9;

export interface ProcessMetrics {
  /** Reads the current values. */
  collect(): void;
  close(): void;
}

/** What the process uses, and for how long its event loop is late. */
export function processMetrics(metrics: Metrics): ProcessMetrics {
  const info = metrics.gauge('wasmcp_node_info', 'Versions of wasmcp-node and Node.js.', ['version', 'node']);
  info.set({ version, node: process.versions.node }, 1);
  const start = metrics.gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
  );
  start.set(performance.timeOrigin / 1000);
  const cpu = metrics.counter(
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
  );
  const resident = metrics.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const heap = metrics.gauge('nodejs_heap_size_used_bytes', "The main thread's heap in use.");
  const total = metrics.gauge('nodejs_heap_size_total_bytes', "The main thread's heap.");
  const limit = metrics.gauge('nodejs_heap_size_limit_bytes', "The limit of the main thread's heap.");
  const external = metrics.gauge(
    'nodejs_external_memory_bytes',
    'Memory outside the heaps that objects own.',
  );
  const loop = eventLoop(metrics);
  return {
    collect() {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
      const { rss, heapUsed, heapTotal, external: outside } = process.memoryUsage();
      resident.set(rss);
      heap.set(heapUsed);
      total.set(heapTotal);
      limit.set(getHeapStatistics().heap_size_limit);
      external.set(outside);
      loop.collect();
    },
    close: loop.close,
  };
}

function eventLoop(metrics: Metrics): ProcessMetrics {
  const values: readonly [Gauge<string>, (delay: ELDHistogram) => number][] = [
    [gauge('mean', 'mean'), ({ mean }) => mean],
    [gauge('max', 'maximum'), ({ max }) => max],
    [gauge('p50', '50th percentile'), (delay) => delay.percentile(50)],
    [gauge('p99', '99th percentile'), (delay) => delay.percentile(99)],
  ];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();

  function gauge(name: string, what: string): Gauge<string> {
    return metrics.gauge(
      `nodejs_eventloop_lag_${name}_seconds`,
      `The ${what} of the delay of the main thread's event loop since the last scrape.`,
    );
  }

  return {
    collect() {
      for (const [metric, read] of values) {
        // It measures the whole interval. Without a measurement, the mean is not a number.
        const seconds = read(delay) * NANOSECOND - RESOLUTION / 1000;
        metric.set(Number.isNaN(seconds) ? 0 : Math.max(0, seconds));
      }
      delay.reset();
    },
    close: () => void delay.disable(),
  };
}
