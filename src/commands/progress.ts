import type { Writable } from 'node:stream';

/** One line that says how far long work has come. */
export interface ProgressLine {
  /** Shows the step, how much of it is done (`fraction`, from 0 to 1, where that is known) and for how long it has run. */
  show(step: string, fraction?: number): void;
  /** Takes the line away. */
  clear(): void;
}

const ERASE = '\r\x1b[K';

/** On a terminal; nothing is written to a pipe or a file. */
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
