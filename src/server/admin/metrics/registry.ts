import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one server. */
export interface Metrics {
  readonly contentType: string;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(
    name: string,
    help: string,
    bounds: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
  /** In the text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  text(): Promise<string>;
}

export type { Counter, Gauge, Histogram };

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    contentType: registry.contentType,
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, bounds, labels = []) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...bounds], registers }),
    text: () => registry.metrics(),
  };
}
