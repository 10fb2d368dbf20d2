import type { GuestBudget } from '../../budget.ts';
import type { WasmcpError } from '../../error.ts';
import type { StreamFailure } from '../../io/error.ts';
import type { BodySink } from '../../io/sink.ts';
import type { Pass } from '../../keyvalue/durability-gate.ts';
import { Signal } from '../../signal.ts';
import { CHUNK_COST } from '../unsent.ts';
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
  /** Counts what waits for the connection. */
  readonly budget: GuestBudget;
  /** A part may never leave. */
  held(failure: WasmcpError): void;
  /** The guest dropped the body unfinished. */
  aborted(): void;
}

export function createRequestBody(parts: RequestBodyParts): RequestBody {
  return new Body(parts);
}

/** A class, as an object literal with accessors would keep its request until the whole heap is collected. */
class Body implements RequestBody {
  readonly changed: Signal = new Signal();
  readonly chunks: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => this.#read() };
  failure: StreamFailure | undefined;
  readonly #parts: RequestBodyParts;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #ending: 'open' | 'ending' | 'ended' | 'aborted' | 'closed' = 'open';
  #wakeReader: () => void = () => {};

  constructor(parts: RequestBodyParts) {
    this.#parts = parts;
  }

  get capacity(): number {
    return this.#ending === 'open' ? Math.max(0, WINDOW - this.#queued) : 0;
  }

  get closed(): boolean {
    return this.#ending !== 'open';
  }

  write(chunk: Uint8Array): void {
    if (this.#ending !== 'open') return;
    this.#queued += chunk.length;
    this.#parts.budget.hold(chunk.length + CHUNK_COST);
    this.#leave(() => {
      this.#queue.push(chunk);
      this.#wakeReader();
    });
  }

  // undici has no way to send trailers; RFC 9110 section 6.5.1 lets them be dropped.
  end(): void {
    if (this.#ending !== 'open') return;
    this.#ending = 'ending';
    this.#leave(() => this.#settle('ended'));
  }

  abort(): void {
    if (this.#ending !== 'open') return;
    this.#settle('aborted');
    this.#parts.aborted();
  }

  close(reason?: StreamFailure): void {
    if (this.#ending === 'open') this.failure = reason;
    if (this.#ending === 'open' || this.#ending === 'ending') this.#settle('closed');
    for (const chunk of this.#queue.splice(0)) this.#parts.budget.release(chunk.length + CHUNK_COST);
    this.changed.wake();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        this.#queued -= chunk.length;
        this.#parts.budget.release(chunk.length + CHUNK_COST);
        this.changed.wake();
        yield chunk;
      } else if (this.#ending === 'aborted') {
        throw new OutgoingError({ tag: 'HTTP-protocol-error' }, 'the body was dropped unfinished');
      } else if (this.#ending === 'ended' || this.#ending === 'closed') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  #settle(how: 'ended' | 'aborted' | 'closed'): void {
    this.#ending = how;
    this.#wakeReader();
  }

  /** Calls are released in their order, and so the chunks keep theirs. */
  #leave(then: () => void): void {
    this.#parts.pass((failure) => {
      if (this.#ending === 'aborted' || this.#ending === 'closed') return;
      if (failure === undefined) then();
      else this.#parts.held(failure);
    });
  }
}
