/** The largest first. */
const TIMES: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
  [1, 'ms'],
];
const SIZES: readonly (readonly [number, string])[] = [
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
];

/** Milliseconds in the form that an option takes: `75s`, `5m`. */
export function showDuration(milliseconds: number): string {
  return shown(milliseconds, TIMES);
}

/** Bytes in the form that an option takes: `10MiB`, `1000`. */
export function showSize(bytes: number): string {
  return shown(bytes, SIZES);
}

/** In the largest unit that gives a whole number. */
function shown(value: number, units: readonly (readonly [number, string])[]): string {
  const unit = units.find(([factor]) => value >= factor && value % factor === 0);
  return unit === undefined ? String(value) : `${value / unit[0]}${unit[1]}`;
}
