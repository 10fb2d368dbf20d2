import type { Writable } from 'node:stream';

/** One line that shows the progress of long work. */
export interface ProgressLine {
  /** Shows the step, how much of it is done (`fraction`, 0 to 1, if known) and how long it has run. */
  show(step: string, fraction?: number): void;
  /** Erases the line. */
  clear(): void;
}

const ERASE = '\r\x1b[K';

/** Writes to a terminal only, never to a pipe or a file. */
export function progressLine(stream: Writable): ProgressLine {
  const terminal = 'isTTY' in stream && stream.isTTY === true;
  let current: { readonly step: string; readonly began: number } | undefined;
  return {
    show(step, fraction) {
      if (!terminal) return;
      if (current?.step !== step) current = { step, began: performance.now() };
      const seconds = Math.floor((performance.now() - current.began) / 1000);
      const share = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %,`;
      stream.write(`${ERASE}${step} …${share} ${seconds} s`);
    },
    clear() {
      if (current !== undefined) stream.write(ERASE);
      current = undefined;
    },
  };
}
