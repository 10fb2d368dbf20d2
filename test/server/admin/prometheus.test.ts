import { expect, test } from 'vitest';
import { prometheusText } from '../../../src/server/admin/prometheus.ts';

test('metrics are written in the text format of Prometheus', () => {
  const text = prometheusText([
    {
      name: 'a_total',
      help: 'One\nof \\ many.',
      type: 'counter',
      samples: [{ labels: { name: 'say "\\" \n', other: 'x' }, value: 2.5 }, { value: 3 }],
    },
    { name: 'none', help: 'Without a value.', type: 'gauge', samples: [] },
    {
      name: 'h',
      help: 'H',
      type: 'histogram',
      samples: [{ suffix: '_bucket', labels: { le: '+Inf' }, value: 1 }],
    },
  ]);
  expect(text).toBe(`# HELP a_total One\\nof \\\\ many.
# TYPE a_total counter
a_total{name="say \\"\\\\\\" \\n",other="x"} 2.5
a_total 3
# HELP h H
# TYPE h histogram
h_bucket{le="+Inf"} 1
`);
});
