import { type ResponseSink, Signal } from '../../../host/index.ts';
import { type FromWorker, WINDOW } from '../protocol.ts';
import { toFlat } from './fields.ts';

/** A response that leaves in messages, as far as the client's reading allows. */
export interface PostedResponse extends ResponseSink {
  /** All of it was sent. */
  readonly complete: boolean;
  /** The client went away first. */
  readonly abandoned: boolean;
  /** The client has taken so many bytes. */
  credit(bytes: number): void;
  /** The client went away: writes fail as closed from now on. */
  gone(): void;
}

export function createPostedResponse(id: number, post: (message: FromWorker) => void): PostedResponse {
  const changed = new Signal();
  let capacity = WINDOW;
  let state: 'open' | 'complete' | 'broken' | 'abandoned' = 'open';

  return {
    changed,
    get capacity() {
      return Math.max(0, capacity);
    },
    get closed() {
      return state !== 'open';
    },
    get complete() {
      return state === 'complete';
    },
    get abandoned() {
      return state === 'abandoned';
    },
    head(status, headers) {
      post({ type: 'head', id, status, headers: toFlat(headers) });
    },
    write(bytes) {
      if (state !== 'open' || bytes.length === 0) return;
      capacity -= bytes.length;
      post({ type: 'chunk', id, bytes });
    },
    end(trailers = []) {
      if (state !== 'open') return;
      state = 'complete';
      post({ type: 'end', id, trailers: toFlat(trailers) });
    },
    abort() {
      if (state === 'open') state = 'broken';
      changed.wake();
    },
    error() {
      state = 'broken';
    },
    credit(bytes) {
      capacity += bytes;
      changed.wake();
    },
    gone() {
      if (state === 'open') state = 'abandoned';
      changed.wake();
    },
  };
}
