import type { ByteSink } from '../io/sink.ts';
import { Signal } from '../signal.ts';

/** Longest line held back until its end, in bytes; longer ones are broken. */
const MAX_LINE: number = 8 * 1024;
const NEWLINE = 0x0a;

/** A sink that passes whole lines on. */
export interface LineSink extends ByteSink {
  /** Passes on a last line that has no newline yet, with one. */
  flush(): void;
}

/**
 * Output of one guest among many, line by line, each behind `prefix` (`stdout [7] :: ` in the way of wasmtime). Lines
 * are passed on whole, so that those of concurrent guests do not mix.
 */
export function prefixedLines(prefix: string, pass: (line: Uint8Array) => void): LineSink {
  const head = Buffer.from(prefix);
  let held: Uint8Array[] = [];
  let size = 0;

  function hold(bytes: Uint8Array): void {
    held.push(bytes);
    size += bytes.length;
  }

  function passHeld(): void {
    pass(Buffer.concat([head, ...held]));
    held = [];
    size = 0;
  }

  function breakLine(): void {
    hold(Uint8Array.of(NEWLINE));
    passHeld();
  }

  return {
    capacity: 64 * 1024,
    closed: false,
    changed: new Signal(),
    write(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        const newline = rest.subarray(0, MAX_LINE - size).indexOf(NEWLINE);
        const length = newline >= 0 ? newline + 1 : Math.min(rest.length, MAX_LINE - size);
        hold(rest.subarray(0, length));
        rest = rest.subarray(length);
        if (newline >= 0) passHeld();
        else if (size === MAX_LINE) breakLine();
      }
    },
    flush() {
      if (size > 0) breakLine();
    },
  };
}
