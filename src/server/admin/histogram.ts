import type { Sample } from './prometheus.ts';

/** Counts values by range. */
export interface Histogram {
  add(value: number): void;
  samples(): Sample[];
}

export function createHistogram(bounds: readonly number[]): Histogram {
  /** Values above the previous bound and not above this one; the last entry counts those above all bounds. */
  const counts = new Float64Array(bounds.length + 1);
  let total = 0;

  return {
    add(value) {
      const place = bounds.findIndex((bound) => value <= bound);
      counts[place < 0 ? bounds.length : place]! += 1;
      total += value;
    },
    samples() {
      let sum = 0;
      const buckets = [...bounds.map(String), '+Inf'].map((le, place) => {
        sum += counts[place]!;
        return { suffix: '_bucket', labels: { le }, value: sum };
      });
      return [...buckets, { suffix: '_sum', value: total }, { suffix: '_count', value: sum }];
    },
  };
}
