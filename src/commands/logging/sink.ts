import type { Writable } from 'node:stream';
import { print } from '../print.ts';

/** Where the lines of a log go. */
export interface Sink {
  /** Takes whole lines. */
  write(lines: string): void;
  /** Its reader takes nothing: a line that can be missed should not be written. */
  readonly isStalled: boolean;
  /** Resolves when a reader has taken what was written, so that who writes more can wait for it. */
  flush(): Promise<void>;
  /** The file was moved: what follows belongs to a new one. */
  reopen(): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** Bytes that wait for a reader that has stalled. */
const MAX_WAITING = 1024 * 1024;

/** Writes to a stream of the process; the lines of one turn of the event loop together. */
export function streamSink(stream: Writable): Sink {
  let lines = '';
  let last: Promise<void> = Promise.resolve();
  let isScheduled = false;

  function flush(): Promise<void> {
    isScheduled = false;
    if (lines !== '') last = print(stream, lines);
    lines = '';
    return last;
  }

  return {
    get isStalled() {
      return stream.writableLength > MAX_WAITING;
    },
    write(more) {
      lines += more;
      if (!isScheduled) setImmediate(flush);
      isScheduled = true;
    },
    flush,
    reopen() {},
    close: flush,
  };
}
