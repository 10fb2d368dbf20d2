import { Counter, Gauge, type Metric, type MetricObjectWithValues, Registry } from 'prom-client';
import { createSeries, type Histogram } from './histogram.ts';

/** The metrics of one server. */
export interface Metrics {
  readonly contentType: string;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** `labels` are the names for the values that are observed with. */
  histogram(name: string, help: string, bounds: readonly number[], labels?: readonly string[]): Histogram;
  /** In the text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  text(): Promise<string>;
}

export type { Histogram } from './histogram.ts';
export type { Counter, Gauge };

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    contentType: registry.contentType,
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: [...labels], registers }),
    histogram(name, help, bounds, labels = []) {
      const series = createSeries(bounds, labels);
      // The library's own histograms cost more for each value than a short request should.
      const metric = {
        get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: series.samples(name) }),
        reset() {},
        name,
      };
      registry.registerMetric(
        metric as unknown as Metric & { get(): Promise<MetricObjectWithValues<never>> },
      );
      return series;
    },
    text: () => registry.metrics(),
  };
}
