import type { StreamFailure } from '../../io/error.ts';
import type { BodySink } from '../../io/sink.ts';
import { Signal } from '../../signal.ts';
import { OutgoingError } from './error-code.ts';

/** Bytes that a guest may write ahead of the connection. */
const WINDOW = 64 * 1024;

/** The body of a request on its way out: a guest writes into it, a connection reads from it. */
export interface RequestBody extends BodySink {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The exchange is over: nothing more is taken. The failure, if any, is what the guest's writes tell. */
  close(failure?: StreamFailure): void;
}

/** `aborted` is called when the guest drops the body unfinished. */
export function createRequestBody(aborted: () => void): RequestBody {
  const changed = new Signal();
  const queue: Uint8Array[] = [];
  let queued = 0;
  let ending: 'open' | 'ended' | 'aborted' | 'closed' = 'open';
  let failure: StreamFailure | undefined;
  let wakeReader = (): void => {};

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) {
        queued -= chunk.length;
        changed.wake();
        yield chunk;
      } else if (ending === 'aborted') {
        throw new OutgoingError({ tag: 'HTTP-protocol-error' }, 'the body was dropped unfinished');
      } else if (ending !== 'open') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    }
  }

  function settle(how: typeof ending): void {
    if (ending !== 'open') return;
    ending = how;
    wakeReader();
  }

  return {
    changed,
    chunks: { [Symbol.asyncIterator]: read },
    get capacity() {
      return ending === 'open' ? Math.max(0, WINDOW - queued) : 0;
    },
    get closed() {
      return ending !== 'open';
    },
    get failure() {
      return failure;
    },
    write(chunk) {
      if (ending !== 'open') return;
      queue.push(chunk);
      queued += chunk.length;
      wakeReader();
    },
    // undici has no way to send trailers; RFC 9110 section 6.5.1 lets them be dropped.
    end: () => settle('ended'),
    abort() {
      if (ending !== 'open') return;
      settle('aborted');
      aborted();
    },
    close(reason) {
      if (ending === 'open') failure = reason;
      settle('closed');
      queue.length = 0;
      changed.wake();
    },
  };
}
