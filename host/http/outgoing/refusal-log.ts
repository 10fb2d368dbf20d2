import { cutText } from '../../text.ts';

/**
 * Interval in milliseconds between two lines about a destination, and number of destinations logged in it: guests must not
 * flood a log.
 */
const PERIOD = 60_000;
const MAX_NAMED = 100;

/** Logs refused destinations, each once a minute. */
export function createRefusalLog(write: (line: string) => void): (origin: string, reason: string) => void {
  const named = new Set<string>();
  let since = 0;
  return (origin, reason) => {
    const now = performance.now();
    if (now - since > PERIOD) {
      named.clear();
      since = now;
    }
    const shown = cutText(origin);
    if (named.has(shown) || named.size >= MAX_NAMED) return;
    named.add(shown);
    write(`request to ${shown} refused: ${reason}`);
  };
}
