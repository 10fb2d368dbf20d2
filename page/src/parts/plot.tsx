import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../state/theme.ts';

export interface Series {
  readonly title: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const HEIGHT = 150;

/** Lines over time, with the latest values as text. */
export function Plot({ title, times, series, format }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;

  useEffect(() => {
    const element = frame.current!;
    const chart = new uPlot(options(element.clientWidth, series, format), data, element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const stop = theme.subscribe(() => requestAnimationFrame(() => chart.redraw(false, true)));
    return () => {
      stop();
      observer.disconnect();
      chart.destroy();
    };
  }, []);

  useEffect(() => plot.current!.setData(data), [times]);

  return (
    <figure class="plot">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ title: name, color, values }) => (
            <li key={name}>
              <span class="swatch" style={{ background: `var(${color})` }} aria-hidden="true" />
              {name} <span class="number">{latest(values, format)}</span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={frame} class="plot-frame" aria-hidden="true" />
    </figure>
  );
}

function latest(values: readonly (number | null)[], format: (value: number) => string): string {
  const value = values.at(-1);
  return value === undefined || value === null ? '–' : format(value);
}

function options(width: number, series: readonly Series[], format: (value: number) => string): uPlot.Options {
  const axis = {
    stroke: () => color('--faint'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _least, greatest) => [0, Math.max(greatest ?? 0, 1e-9) * 1.1] } },
    axes: [
      { ...axis, space: 80, size: 26, values: '{HH}:{mm}:{ss}' },
      { ...axis, size: 64, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...series.map(({ title, color: name }) => ({
        label: title,
        stroke: () => color(name),
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}

/** Canvas knows no custom properties, and `light-dark()` is resolved only where it is used as a color. */
function color(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}
