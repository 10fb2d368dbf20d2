import {
  concatOwned,
  free,
  type GuestIo,
  type LineSink,
  type Log,
  prefixedLines,
  Signal,
} from '../../../host/index.ts';
import { type FromWorker, type LogMessage, logSize, outputSize } from '../protocol/messages.ts';

/** Sends what the guests of one worker print and log to the main thread. */
export interface OutputChannel {
  /** For the guest of request `id`. */
  open(id: number): GuestOutput;
  /** Cannot wait: messages above the budget are dropped, and the next message reports their number. */
  readonly log: Log;
  /** The main thread has passed on this many bytes. */
  taken(bytes: number): void;
}

/** Standard output and error of one guest. Creates a stream when the guest first uses it: few requests print. */
export class GuestOutput implements GuestIo {
  readonly #make: (stream: 'stdout' | 'stderr') => LineSink;
  #stdout: LineSink | undefined;
  #stderr: LineSink | undefined;

  constructor(make: (stream: 'stdout' | 'stderr') => LineSink) {
    this.#make = make;
  }

  get stdout(): LineSink {
    this.#stdout ??= this.#make('stdout');
    return this.#stdout;
  }

  get stderr(): LineSink {
    this.#stderr ??= this.#make('stderr');
    return this.#stderr;
  }

  /** Passes on unfinished lines. */
  end(): void {
    this.#stdout?.flush();
    this.#stderr?.flush();
  }
}

interface LineBufferParts {
  readonly prefix: string;
  readonly changed: Signal;
  room(): boolean;
  pass(bytes: Uint8Array): void;
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
class LineBuffer implements LineSink {
  readonly closed: boolean = false;
  readonly changed: Signal;
  readonly #parts: LineBufferParts;
  readonly #inner: LineSink;
  #lines: Uint8Array[] = [];

  constructor(parts: LineBufferParts) {
    this.changed = parts.changed;
    this.#parts = parts;
    this.#inner = prefixedLines(parts.prefix, (line) => this.#lines.push(line));
  }

  get capacity(): number {
    return this.#parts.room() ? this.#inner.capacity : 0;
  }

  write(chunk: Uint8Array): void {
    this.#inner.write(chunk);
    this.#pass();
  }

  flush(): void {
    this.#inner.flush();
    this.#pass();
  }

  /** Sends the lines of one write together: a message for each would keep the main thread busy. */
  #pass(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    const joined = lines.length === 1 ? lines[0]! : concatOwned(lines);
    if (lines.length > 1) for (const line of lines) free(line);
    this.#lines = [];
    // A small chunk is a slice of one of Node's buffers, all of which would be copied.
    this.#parts.pass(joined.length < joined.buffer.byteLength ? new Uint8Array(joined) : joined);
  }
}

/** Bytes that may be in transit: a guest that prints endlessly waits instead of filling the memory. */
const BUDGET = 1024 * 1024;

/** `post` must send immediately: what a guest prints before it hangs explains the hang. */
export function createOutputChannel(prefixed: boolean, post: (message: FromWorker) => void): OutputChannel {
  const changed = new Signal();
  let underWay = 0;
  let dropped = 0;

  function print(stream: 'stdout' | 'stderr', id: number): LineSink {
    return new LineBuffer({
      prefix: prefixed ? `${stream} [${id}] :: ` : '',
      changed,
      room: () => underWay < BUDGET,
      pass(bytes) {
        underWay += outputSize(bytes);
        post({ type: 'output', stream, bytes });
      },
    });
  }

  function send(message: LogMessage): void {
    underWay += logSize(message);
    post(message);
  }

  return {
    open: (id) => new GuestOutput((stream) => print(stream, id)),
    log(level, context, message) {
      if (underWay >= BUDGET) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        send({
          type: 'log',
          level: 'warn',
          context: 'engine',
          message: `${dropped} log messages were dropped`,
        });
        dropped = 0;
      }
      send({ type: 'log', level, context, message });
    },
    taken(bytes) {
      underWay -= bytes;
      changed.wake();
    },
  };
}
