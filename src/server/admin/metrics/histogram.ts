/** Counts values by range. */
export interface Histogram {
  /** `labels` are the values of its labels, in their order. */
  observe(value: number, labels?: readonly string[]): void;
}

/** One line of a histogram, as prom-client takes it. */
export interface HistogramSample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface Series extends Histogram {
  samples(name: string): HistogramSample[];
}

interface One {
  readonly labels: Readonly<Record<string, string>>;
  /** Values above the previous bound and not above this one; the last entry counts those above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

const NONE: readonly string[] = [];

export function createSeries(bounds: readonly number[], names: readonly string[]): Series {
  const all = new Map<string, One>();
  if (names.length === 0) add('', NONE);

  function add(key: string, values: readonly string[]): One {
    const labels = Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
    const one = { labels, counts: new Float64Array(bounds.length + 1), sum: 0 };
    all.set(key, one);
    return one;
  }

  return {
    observe(value, values = NONE) {
      const key = values.join('\n');
      const one = all.get(key) ?? add(key, values);
      let at = 0;
      while (at < bounds.length && value > bounds[at]!) at += 1;
      one.counts[at]! += 1;
      one.sum += value;
    },
    samples(name) {
      return [...all.values()].flatMap(({ labels, counts, sum }) => {
        let total = 0;
        const buckets = [...bounds, '+Inf'].map((le, at) => {
          total += counts[at]!;
          return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: total };
        });
        return [
          ...buckets,
          { metricName: `${name}_sum`, labels, value: sum },
          { metricName: `${name}_count`, labels, value: total },
        ];
      });
    },
  };
}
