import { cutText } from '../../text.ts';

/** Milliseconds in which a destination is named once, and how many are: a guest must not be able to flood a log. */
const PERIOD = 60_000;
const MAX_NAMED = 100;

/** Tells people about refused destinations, each once a minute. */
export function createRefusalLog(tell: (line: string) => void): (origin: string, reason: string) => void {
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
    tell(`request to ${shown} refused: ${reason}`);
  };
}
