import { cutText } from '../../text.ts';

/** Each destination is logged once in so many milliseconds, and at most so many of them: guests must not flood a log. */
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
