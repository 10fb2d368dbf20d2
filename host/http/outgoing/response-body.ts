import type { StreamFailure } from '../../io/error.ts';
import type { ByteSource, FieldList } from '../../io/source.ts';
import { Signal } from '../../signal.ts';

/** Bytes held for a guest that reads slowly; then the connection is not read on. */
const WINDOW = 64 * 1024;
/** Bytes of a body nobody wants that are still taken, to get at its trailers and to keep the connection. */
const MAX_DROPPED = 64 * 1024;

/** The body of a response on its way in: a connection writes into it, a guest reads from it. */
export interface ResponseBody extends ByteSource {
  push(chunk: Uint8Array): void;
  end(trailers: FieldList): void;
  fail(failure: StreamFailure): void;
}

/** What a body asks of its connection. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Nobody wants the rest, and it is long. */
  abandon(): void;
}

export function createResponseBody(flow: Flow): ResponseBody {
  const changed = new Signal();
  const queue: Uint8Array[] = [];
  let queued = 0;
  let dropped: number | undefined;
  let state: 'open' | 'ended' | 'failed' = 'open';
  let failure: StreamFailure | undefined;
  let trailers: FieldList | undefined;
  let paused = false;

  function resume(): void {
    if (!paused || state !== 'open') return;
    paused = false;
    flow.resume();
  }

  function settle(how: 'ended' | 'failed'): void {
    if (state !== 'open') return;
    state = how;
    changed.wake();
  }

  return {
    changed,
    get ready() {
      return queued > 0 || state !== 'open';
    },
    get state() {
      return queued > 0 ? 'open' : state;
    },
    get failure() {
      return failure;
    },
    get trailers() {
      return trailers;
    },
    read(max) {
      const first = queue[0];
      if (first === undefined) return new Uint8Array(0);
      const chunk = first.subarray(0, max);
      if (chunk.length < first.length) queue[0] = first.subarray(chunk.length);
      else queue.shift();
      queued -= chunk.length;
      if (queued < WINDOW / 2) resume();
      return chunk;
    },
    cancel() {
      dropped ??= 0;
      queue.length = 0;
      queued = 0;
      resume();
      changed.wake();
    },
    push(chunk) {
      if (state !== 'open' || chunk.length === 0) return;
      if (dropped !== undefined) {
        dropped += chunk.length;
        if (dropped > MAX_DROPPED) flow.abandon();
        return;
      }
      queue.push(chunk);
      queued += chunk.length;
      if (queued >= WINDOW && !paused) {
        paused = true;
        flow.pause();
      }
      changed.wake();
    },
    end(fields) {
      trailers = fields;
      settle('ended');
    },
    fail(reason) {
      failure = reason;
      settle('failed');
    },
  };
}
