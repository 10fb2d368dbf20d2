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

/** By the value of one label after another: to join the values to one key costs more than a quick request should pay. */
interface Branch {
  one: One | undefined;
  readonly next: Map<string, Branch>;
}

const NONE: readonly string[] = [];

export function createSeries(bounds: readonly number[], names: readonly string[]): Series {
  const all: One[] = [];
  const root = branch();
  if (names.length === 0) root.one = add(NONE);

  function add(values: readonly string[]): One {
    const labels = Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
    const one = { labels, counts: new Float64Array(bounds.length + 1), sum: 0 };
    all.push(one);
    return one;
  }

  function find(values: readonly string[]): One {
    let at = root;
    for (const value of values) {
      let next = at.next.get(value);
      if (next === undefined) {
        next = branch();
        at.next.set(value, next);
      }
      at = next;
    }
    at.one ??= add(values);
    return at.one;
  }

  return {
    observe(value, values = NONE) {
      const one = find(values);
      let at = 0;
      while (at < bounds.length && value > bounds[at]!) at += 1;
      one.counts[at]! += 1;
      one.sum += value;
    },
    samples(name) {
      return all.flatMap(({ labels, counts, sum }) => {
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

function branch(): Branch {
  return { one: undefined, next: new Map() };
}
