import { FREED, free } from '../io/free.ts';
import type { ByteSink } from '../io/sink.ts';
import { Signal } from '../signal.ts';

/** Maximum size of a line that is buffered, in bytes; longer lines are broken. */
const MAX_LINE: number = 8 * 1024;
const NEWLINE = 0x0a;

/** A sink that writes whole lines. */
export interface LineSink extends ByteSink {
  /** Writes the last line if it has no newline yet, with one. */
  flush(): void;
}

/**
 * Writes the output of one guest by lines, each with a prefix such as wasmtime's `stdout [7] :: `. Lines are written whole, so
 * that those of concurrent guests do not mix.
 */
export function prefixedLines(prefix: string, write: (line: Uint8Array) => void): LineSink {
  const head = Buffer.from(prefix);
  let held: Uint8Array[] = [];
  let size = 0;

  function hold(bytes: Uint8Array): void {
    held.push(bytes);
    size += bytes.length;
  }

  function writeHeld(): void {
    write(Buffer.concat([head, ...held]));
    held = [];
    size = 0;
  }

  function breakLine(): void {
    hold(Uint8Array.of(NEWLINE));
    writeHeld();
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
        if (newline >= 0) writeHeld();
        else if (size === MAX_LINE) breakLine();
      }
      // Of a large chunk only a part of a line is left, which is copied.
      if (size > 0 && chunk.length >= FREED) held = [Buffer.concat(held)];
      free(chunk);
    },
    flush() {
      if (size > 0) breakLine();
    },
  };
}
