import type { Sample } from '../api/types.ts';
import { bytesText, millisecondsText, numberText } from '../parts/format.tsx';
import { Plot, type Series } from '../parts/plot.tsx';
import type { Second } from '../state/seconds.ts';

interface PlotsProps {
  readonly measured: readonly Sample[];
  readonly seconds: readonly Second[];
}

/** The last five minutes, as far as this page has been open. */
export function Plots({ measured, seconds }: PlotsProps) {
  const times = measured.map(({ at }) => at / 1000);
  const line = (
    title: string,
    color: string,
    of: (sample: Sample, index: number) => number | null,
  ): Series => ({
    title,
    color,
    values: measured.map(of),
  });
  const rates = new Map(seconds.map((second) => [second.at, second]));
  const during = ({ at }: Sample): Second | undefined => rates.get(Math.floor(at / 1000) - 1);
  return (
    <div class="plots">
      <Plot
        title="Requests per second"
        times={times}
        format={numberText}
        series={[
          line('All', '--guest', (sample) => during(sample)?.count ?? 0),
          line('Failed', '--danger', (sample) => during(sample)?.failed ?? 0),
        ]}
      />
      <Plot
        title="Time of a request"
        times={times}
        format={millisecondsText}
        series={[
          line('Median', '--guest', (sample) => during(sample)?.median ?? null),
          line('99 %', '--store', (sample) => during(sample)?.p99 ?? null),
        ]}
      />
      <Plot
        title="At work"
        times={times}
        format={numberText}
        series={[
          line('Guests running', '--guest', ({ guests }) => guests),
          line('Requests waiting', '--queue', ({ waiting }) => waiting),
          line('Workers', '--good', ({ workers }) => workers),
        ]}
      />
      <Plot
        title="Processor"
        times={times}
        format={(value) => `${Math.round(value)} %`}
        series={[line('Of one core', '--gate', (_, index) => cpuShare(measured, index))]}
      />
      <Plot
        title="Memory"
        times={times}
        format={bytesText}
        series={[
          line('Process', '--store', ({ rss }) => rss),
          line("Main thread's heap", '--guest', ({ heap }) => heap),
        ]}
      />
    </div>
  );
}

function cpuShare(measured: readonly Sample[], index: number): number | null {
  const before = measured[index - 1];
  const now = measured[index];
  if (before === undefined || now === undefined || now.at <= before.at) return null;
  return (100 * (now.cpu - before.cpu)) / (now.at - before.at);
}
