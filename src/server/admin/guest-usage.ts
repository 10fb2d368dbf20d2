import { createHistogram } from './histogram.ts';
import type { Metric } from './prometheus.ts';

/** What guests have used. */
export interface GuestUsage {
  /** Counts one finished request, with the milliseconds of processor time and the units that its guest used. */
  add(cpu: number, units: number): void;
  metrics(): Metric[];
}

/** Upper bounds of the histogram, in seconds. */
const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export function createGuestUsage(): GuestUsage {
  const seconds = createHistogram(BOUNDS);
  let total = 0;
  return {
    add(cpu, units) {
      seconds.add(cpu / 1000);
      total += units;
    },
    metrics: () => [
      {
        name: 'wasmcp_node_guest_cpu_seconds',
        help: 'Time for which the guest of a request had its thread, host functions included and waiting not.',
        type: 'histogram',
        samples: seconds.samples(),
      },
      {
        name: 'wasmcp_node_guest_units_total',
        help: 'Units that guests have executed, about one per instruction, as --fuel counts them.',
        type: 'counter',
        samples: [{ value: total }],
      },
    ],
  };
}
