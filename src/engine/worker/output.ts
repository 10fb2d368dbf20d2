import { type GuestIo, type LineSink, prefixedLines, Signal } from '../../../host/index.ts';
import type { FromWorker } from '../protocol.ts';

/** Standard output and error of one guest; `end` passes on what has no newline yet. */
export interface GuestOutput extends GuestIo {
  end(): void;
}

/** What the guests of one worker print, on its way to the main thread. */
export interface OutputChannel {
  /** For the guest of request `id`. */
  open(id: number): GuestOutput;
  /** The main thread has passed on so many bytes. */
  taken(bytes: number): void;
}

/** Bytes that may be on their way: a guest that prints without end waits, it does not fill the memory. */
const BUDGET = 1024 * 1024;

export function createOutputChannel(prefixed: boolean, post: (message: FromWorker) => void): OutputChannel {
  const changed = new Signal();
  let underWay = 0;

  function lines(stream: 'stdout' | 'stderr', id: number): LineSink {
    return prefixedLines(prefixed ? `${stream} [${id}] :: ` : '', (bytes) => {
      underWay += bytes.length;
      post({ type: 'output', stream, bytes });
    });
  }

  function throttled(sink: LineSink): GuestIo['stdout'] {
    return {
      closed: false,
      changed,
      get capacity() {
        return underWay < BUDGET ? sink.capacity : 0;
      },
      write: (chunk) => sink.write(chunk),
    };
  }

  return {
    open(id) {
      const stdout = lines('stdout', id);
      const stderr = lines('stderr', id);
      return {
        stdout: throttled(stdout),
        stderr: throttled(stderr),
        end() {
          stdout.flush();
          stderr.flush();
        },
      };
    },
    taken(bytes) {
      underWay -= bytes;
      changed.wake();
    },
  };
}
