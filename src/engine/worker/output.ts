import { type GuestIo, type LineSink, type Log, prefixedLines, Signal } from '../../../host/index.ts';
import { type FromWorker, type LogMessage, logSize } from '../protocol.ts';

/** Standard output and error of one guest; `end` passes on what has no newline yet. */
export interface GuestOutput extends GuestIo {
  end(): void;
}

/** What the guests of one worker print and log, on its way to the main thread. */
export interface OutputChannel {
  /** For the guest of request `id`. */
  open(id: number): GuestOutput;
  /** Cannot wait: messages above the budget are dropped, and counted in the next one that is not. */
  readonly log: Log;
  /** The main thread has passed on so many bytes. */
  taken(bytes: number): void;
}

/** Makes a stream when the guest asks for it: few requests print. */
class Output implements GuestOutput {
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

  end(): void {
    this.#stdout?.flush();
    this.#stderr?.flush();
  }
}

/** Bytes that may be on their way: a guest that prints without end waits, it does not fill the memory. */
const BUDGET = 1024 * 1024;

/** `post` has to send at once: what a guest prints before it hangs tells why it does. */
export function createOutputChannel(prefixed: boolean, post: (message: FromWorker) => void): OutputChannel {
  const changed = new Signal();
  let underWay = 0;
  let dropped = 0;

  function sink(stream: 'stdout' | 'stderr', id: number): LineSink {
    let lines: Uint8Array[] = [];
    const inner = prefixedLines(prefixed ? `${stream} [${id}] :: ` : '', (line) => lines.push(line));

    /** The lines of one write go together: a message for each would keep the main thread busy. */
    function pass(): void {
      if (lines.length === 0) return;
      const bytes = new Uint8Array(Buffer.concat(lines));
      lines = [];
      underWay += bytes.length;
      post({ type: 'output', stream, bytes });
    }

    return {
      closed: false,
      changed,
      get capacity() {
        return underWay < BUDGET ? inner.capacity : 0;
      },
      write(chunk) {
        inner.write(chunk);
        pass();
      },
      flush() {
        inner.flush();
        pass();
      },
    };
  }

  function send(message: LogMessage): void {
    underWay += logSize(message);
    post(message);
  }

  return {
    open: (id) => new Output((stream) => sink(stream, id)),
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
