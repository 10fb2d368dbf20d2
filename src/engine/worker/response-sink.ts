import { type HttpErrorCode, type ResponseSink, Signal } from '../../../host/index.ts';
import { type FromWorker, WINDOW } from '../protocol.ts';
import { toFlat } from './fields.ts';

/** A response that leaves in messages, as far as the client's reading allows. */
export interface PostedResponse extends ResponseSink {
  /** The client has taken so many bytes. */
  credit(bytes: number): void;
  /** The client went away: writes fail as closed from now on. */
  gone(): void;
  /** Why the response broke: an error-code in its place, or a body that was never finished. */
  readonly broken: HttpErrorCode | 'aborted' | undefined;
}

export function createPostedResponse(id: number, post: (message: FromWorker) => void): PostedResponse {
  const changed = new Signal();
  let capacity = WINDOW;
  let closed = false;
  let broken: HttpErrorCode | 'aborted' | undefined;

  return {
    changed,
    get capacity() {
      return Math.max(0, capacity);
    },
    get closed() {
      return closed;
    },
    get broken() {
      return broken;
    },
    head(status, headers) {
      post({ type: 'head', id, status, headers: toFlat(headers) });
    },
    write(bytes) {
      if (closed || bytes.length === 0) return;
      capacity -= bytes.length;
      post({ type: 'chunk', id, bytes });
    },
    end(trailers = []) {
      if (closed) return;
      closed = true;
      post({ type: 'end', id, trailers: toFlat(trailers) });
    },
    abort() {
      closed = true;
      broken ??= 'aborted';
      changed.wake();
    },
    error(code) {
      closed = true;
      broken = code;
    },
    credit(bytes) {
      capacity += bytes;
      changed.wake();
    },
    gone() {
      closed = true;
      changed.wake();
    },
  };
}
