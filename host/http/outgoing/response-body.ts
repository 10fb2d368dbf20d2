import type { GuestBudget } from '../../budget.ts';
import type { StreamFailure } from '../../io/error.ts';
import type { ByteSource, FieldList } from '../../io/source.ts';
import { Signal } from '../../signal.ts';
import { CHUNK_COST } from '../unsent.ts';

/** Bytes buffered for a guest that reads slowly; beyond it the connection is paused. */
const WINDOW = 64 * 1024;
/** Bytes of a dropped body that are still read, to keep the connection and get the trailers. */
const MAX_DROPPED = 64 * 1024;

/** The body of an incoming response: the connection writes into it, the guest reads from it. */
export interface ResponseBody extends ByteSource {
  push(chunk: Uint8Array): void;
  end(trailers: FieldList): void;
  fail(failure: StreamFailure): void;
}

/** How a body controls its connection. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** The rest is not wanted, and it is long. */
  abandon(): void;
}

export function createResponseBody(flow: Flow, budget: GuestBudget): ResponseBody {
  return new Body(flow, budget);
}

/** A class, as an object literal with accessors would keep its request alive until a full garbage collection. */
class Body implements ResponseBody {
  readonly changed: Signal = new Signal();
  failure: StreamFailure | undefined;
  trailers: FieldList | undefined;
  readonly #flow: Flow;
  readonly #budget: GuestBudget;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #dropped: number | undefined;
  #state: ByteSource['state'] = 'open';
  #paused = false;

  constructor(flow: Flow, budget: GuestBudget) {
    this.#budget = budget;
    this.#flow = flow;
  }

  get ready(): boolean {
    return this.#queued > 0 || this.#state !== 'open';
  }

  get state(): ByteSource['state'] {
    return this.#queued > 0 ? 'open' : this.#state;
  }

  read(max: number): Uint8Array {
    const first = this.#queue[0];
    if (first === undefined) return new Uint8Array(0);
    const chunk = first.subarray(0, max);
    if (chunk.length < first.length) this.#queue[0] = first.subarray(chunk.length);
    else {
      this.#queue.shift();
      this.#budget.release(CHUNK_COST);
    }
    this.#budget.release(chunk.length);
    this.#queued -= chunk.length;
    if (this.#queued < WINDOW / 2) this.#resume();
    return chunk;
  }

  cancel(): void {
    this.#dropped ??= 0;
    this.#budget.release(this.#queued + this.#queue.length * CHUNK_COST);
    this.#queue.length = 0;
    this.#queued = 0;
    this.#resume();
    this.changed.wake();
  }

  push(chunk: Uint8Array): void {
    if (this.#state !== 'open' || chunk.length === 0) return;
    if (this.#dropped !== undefined) {
      this.#dropped += chunk.length;
      if (this.#dropped > MAX_DROPPED) this.#flow.abandon();
      return;
    }
    const cost = chunk.length + CHUNK_COST;
    if (!this.#budget.tryCharge(cost)) {
      const message = this.#budget.refusal(cost);
      this.fail({ message, http: { tag: 'internal-error', val: message } });
      this.#flow.abandon();
      return;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= WINDOW && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.changed.wake();
  }

  end(trailers: FieldList): void {
    this.trailers = trailers;
    this.#settle('ended');
  }

  fail(failure: StreamFailure): void {
    this.failure = failure;
    this.#settle('failed');
  }

  #resume(): void {
    if (!this.#paused || this.#state !== 'open') return;
    this.#paused = false;
    this.#flow.resume();
  }

  #settle(how: 'ended' | 'failed'): void {
    if (this.#state !== 'open') return;
    this.#state = how;
    this.changed.wake();
  }
}
