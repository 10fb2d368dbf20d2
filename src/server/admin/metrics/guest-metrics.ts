import type { InstanceCounts } from '../../../snapshot/instance-counter.ts';
import type { Metrics } from './registry.ts';

/** What guests have used. */
export interface GuestMetrics {
  /**
   * One finished request: the milliseconds of processor time and the units that its guest used, and what became of instances of
   * its worker since the last report; undefined if one was restored.
   */
  used(cpu: number, units: number, instances?: InstanceCounts): void;
  /** Reads the current values. */
  collect(): void;
}

/** Upper bounds of the histogram, in seconds. */
const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export function guestMetrics(metrics: Metrics): GuestMetrics {
  const seconds = metrics.histogram(
    'wasmcp_node_guest_cpu_seconds',
    'Time for which the guest of a request had its thread, host functions included and waiting not.',
    BOUNDS,
  );
  const executed = metrics.counter(
    'wasmcp_node_guest_units_total',
    'Units that guests have executed, about one per instruction, as --fuel counts them.',
  );
  const created = metrics.counter('wasmcp_node_instances_created_total', 'Instances created for requests.');
  const restored = metrics.counter(
    'wasmcp_node_instances_restored_total',
    'Instances restored after a request, for another one.',
  );
  const discarded = metrics.counter(
    'wasmcp_node_instances_discarded_total',
    'Instances that will serve no more requests, by reason.',
    ['reason'],
  );
  let total = 0;
  let returned = 0;
  return {
    used(cpu, units, instances) {
      seconds.observe(cpu / 1000);
      total += units;
      returned += instances?.restored ?? 1;
      if (instances === undefined) return;
      created.inc(instances.created);
      for (const [reason, count] of Object.entries(instances.discarded)) discarded.inc({ reason }, count);
    },
    collect() {
      executed.reset();
      executed.inc(total);
      restored.reset();
      restored.inc(returned);
    },
  };
}
