import type { RequestTimes } from '../api/types.ts';
import { millisecondsText } from './format.tsx';

type Part = 'queue' | 'guest' | 'store' | 'gate' | 'rest';

export const PARTS: readonly { readonly part: Part; readonly title: string; readonly text: string }[] = [
  { part: 'queue', title: 'Queue', text: 'waiting for its session or a worker' },
  { part: 'guest', title: 'Guest', text: 'the component at work' },
  { part: 'store', title: 'Store', text: 'waiting for keys and values' },
  { part: 'gate', title: 'Disk', text: 'waiting until writes are on disk' },
  { part: 'rest', title: 'Other', text: 'reading, sending and streaming' },
];

export function partsOf({ queue, guest, store, gate, total }: RequestTimes): Record<Part, number> {
  return { queue, guest, store, gate, rest: Math.max(0, total - queue - guest - store - gate) };
}

/** The parts of a request's time, to a scale: `full` milliseconds fill the bar, and what is longer is cut. */
export function TimingBar({ times, full }: { readonly times: RequestTimes; readonly full: number }) {
  const parts = partsOf(times);
  const text = PARTS.filter(({ part }) => parts[part] >= 0.005)
    .map(({ part, title }) => `${title} ${millisecondsText(parts[part])}`)
    .join(', ');
  return (
    <span class={`bar${times.total > full ? ' bar-cut' : ''}`} role="img" aria-label={text} title={text}>
      {PARTS.map(({ part }) => (
        <span key={part} class={`part part-${part}`} style={{ width: `${(100 * parts[part]) / full}%` }} />
      ))}
    </span>
  );
}

export function Legend() {
  return (
    <ul class="legend" aria-label="Parts of a request's time">
      {PARTS.map(({ part, title, text }) => (
        <li key={part} title={text}>
          <span class={`swatch part-${part}`} aria-hidden="true" />
          {title}
        </li>
      ))}
    </ul>
  );
}
