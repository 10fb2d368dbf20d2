import { createSource, useValue } from '../state/observable.ts';

const now = createSource(Date.now());
setInterval(() => now.set(Date.now()), 1000);

const UNITS: readonly (readonly [limit: number, divisor: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [86_400 * 60, 86_400, 'day'],
  [86_400 * 730, 86_400 * 30.44, 'month'],
  [Number.POSITIVE_INFINITY, 86_400 * 365.25, 'year'],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' });
const count = new Intl.NumberFormat('en');

interface At {
  readonly at: number | undefined;
}

/** When, to the second, in UTC as in logs and in the output of commands; how long ago is its title. */
export function Time({ at }: At) {
  const current = useValue(now);
  if (at === undefined) return <span class="faint">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={agoText(at, current)}>
      {timeText(at)}
    </time>
  );
}

/** When, and how long ago. */
export function TimeAndAgo({ at }: At) {
  const current = useValue(now);
  return (
    <>
      <Time at={at} />
      {at !== undefined && <span class="faint"> · {agoText(at, current)}</span>}
    </>
  );
}

/** As ISO 8601 has it, which people read more easily with a space. */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

export function agoText(at: number, current: number): string {
  const seconds = (at - current) / 1000;
  // A server's clock may differ a little from this one.
  if (Math.abs(seconds) < 1.5) return 'now';
  const [, divisor, unit] = UNITS.find(([limit]) => Math.abs(seconds) < limit)!;
  return relative.format(Math.trunc(seconds / divisor), unit);
}

/** The time of the day, in UTC. */
export function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`;
}

export function numberText(value: number): string {
  return count.format(value);
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['kB', 'MB', 'GB', 'TB'][unit]}`;
}

export function millisecondsText(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  return value >= 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(2)} ms`;
}

/** Enough of a session's id to recognise it. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
