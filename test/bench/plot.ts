import { init } from 'echarts';

/** Lines over a common x axis. */
export interface Plot {
  /** The labels of the axes. */
  readonly x: string;
  readonly y: string;
  /** The points of each line. */
  readonly at: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** The plot as SVG; both axes are logarithmic. */
export function plot({ x, y, at, lines }: Plot): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 });
  const axis = { type: 'log', nameLocation: 'middle', nameGap: 34 } as const;
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    legend: { top: 8 },
    grid: { left: 64, right: 56, top: 48, bottom: 56 },
    xAxis: { ...axis, name: x, min: at.at(0), max: at.at(-1) },
    yAxis: { ...axis, name: y, min: 1 },
    series: lines.map(({ name, values }) => ({
      name,
      type: 'line',
      symbol: 'circle',
      data: values.map((value, n) => [at[n]!, value]),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
