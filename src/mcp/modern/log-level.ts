/** RFC 5424, the least severe level first. */
const LEVELS: readonly unknown[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

export function isLogLevel(value: unknown): boolean {
  return LEVELS.includes(value);
}

/** Whether a client that wants messages of `wanted` and above gets one of this level; without `wanted` it gets none. */
export function reaches(level: unknown, wanted: unknown): boolean {
  return wanted !== undefined && LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}
