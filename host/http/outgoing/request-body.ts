import type { WasmcpError } from '../../error.ts';
import type { StreamFailure } from '../../io/error.ts';
import type { BodySink } from '../../io/sink.ts';
import type { Pass } from '../../keyvalue/gate.ts';
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

export interface RequestBodyParts {
  /** Each chunk passes here when it is written, and so does the end. */
  readonly pass: Pass;
  /** A part may never leave. */
  held(failure: WasmcpError): void;
  /** The guest dropped the body unfinished. */
  aborted(): void;
}

export function createRequestBody({ pass, held, aborted }: RequestBodyParts): RequestBody {
  const changed = new Signal();
  const queue: Uint8Array[] = [];
  let queued = 0;
  let ending: 'open' | 'ending' | 'ended' | 'aborted' | 'closed' = 'open';
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
      } else if (ending === 'ended' || ending === 'closed') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    }
  }

  function settle(how: typeof ending): void {
    ending = how;
    wakeReader();
  }

  /** Calls are released in their order, and so the chunks keep theirs. */
  function leave(then: () => void): void {
    pass((failure) => {
      if (ending === 'aborted' || ending === 'closed') return;
      if (failure === undefined) then();
      else held(failure);
    });
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
      queued += chunk.length;
      leave(() => {
        queue.push(chunk);
        wakeReader();
      });
    },
    // undici has no way to send trailers; RFC 9110 section 6.5.1 lets them be dropped.
    end() {
      if (ending !== 'open') return;
      ending = 'ending';
      leave(() => settle('ended'));
    },
    abort() {
      if (ending !== 'open') return;
      settle('aborted');
      aborted();
    },
    close(reason) {
      if (ending === 'open') failure = reason;
      if (ending === 'open' || ending === 'ending') settle('closed');
      queue.length = 0;
      changed.wake();
    },
  };
}
