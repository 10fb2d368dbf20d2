import type { GuestBudget } from '../../budget.ts';
import type { WasmcpError } from '../../error.ts';
import type { StreamFailure } from '../../io/error.ts';
import type { BodySink } from '../../io/sink.ts';
import type { Pass } from '../../keyvalue/durability-gate.ts';
import { Signal } from '../../signal.ts';
import { CHUNK_COST } from '../unsent.ts';
import { OutgoingError } from './error-code.ts';

/** Bytes that a guest can write ahead of the connection. */
const WINDOW = 64 * 1024;

/** The body of an outgoing request: the guest writes into it, the connection reads from it. */
export interface RequestBody extends BodySink {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The request is over: nothing more is accepted. The guest's writes fail with the failure, if there is one. */
  close(failure?: StreamFailure): void;
}

export interface RequestBodyParts {
  /** The durability gate that each chunk and the end pass. */
  readonly pass: Pass;
  /** Charged for what waits for the connection. */
  readonly budget: GuestBudget;
  /** Called if the gate never lets a chunk pass. */
  held(failure: WasmcpError): void;
  /** Called when the guest drops the body unfinished. */
  aborted(): void;
}

export function createRequestBody(parts: RequestBodyParts): RequestBody {
  return new Body(parts);
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
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

  // undici cannot send trailers; RFC 9110 section 6.5.1 allows to drop them.
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

  /** The gate releases calls in order, so the chunks keep their order. */
  #leave(then: () => void): void {
    this.#parts.pass((failure) => {
      if (this.#ending === 'aborted' || this.#ending === 'closed') return;
      if (failure === undefined) then();
      else this.#parts.held(failure);
    });
  }
}
