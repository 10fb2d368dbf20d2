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
  /** The beginning of a line, whose end was not written yet. */
  let held: Buffer | undefined;
  let size = 0;

  function hold(bytes: Uint8Array): void {
    held ??= Buffer.allocUnsafeSlow(MAX_LINE);
    held.set(bytes, size);
    size += bytes.length;
  }

  /** Writes a line that ends with these bytes. */
  function writeLine(...end: readonly Uint8Array[]): void {
    const parts = held === undefined ? [head, ...end] : [head, held.subarray(0, size), ...end];
    size = 0;
    write(concatOwned(parts));
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
        const part = rest.subarray(0, length);
        rest = rest.subarray(length);
        if (newline >= 0) writeLine(part);
        else if (size + length === MAX_LINE) writeLine(part, Uint8Array.of(NEWLINE));
        else hold(part);
      }
      free(chunk);
    },
    flush() {
      if (size > 0) writeLine(Uint8Array.of(NEWLINE));
    },
  };
}

/** Joins parts in memory that can be freed; slices of Node's shared buffers would wait for a garbage collection. */
export function concatOwned(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length < FREED) return Buffer.concat(parts, length);
  const joined = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
