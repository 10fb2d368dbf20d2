import { type FieldList, type ResponseSink, Signal } from '../../../host/index.ts';
import { toFlat } from '../../http/fields.ts';
import { type FromWorker, WINDOW } from '../protocol/messages.ts';
import type { GuestDeadline } from './guest-deadline.ts';

/**
 * A response that is sent in messages, as fast as the client reads. A class, as an object literal with accessors is slow to
 * create, and each request creates one.
 */
export class PostedResponse implements ResponseSink {
  readonly changed: Signal = new Signal();
  readonly #id: number;
  readonly #post: (message: FromWorker) => void;
  readonly #deadline: GuestDeadline;
  #room: number = WINDOW;
  #state: 'open' | 'complete' | 'broken' | 'abandoned' = 'open';

  /** Reports the progress of the response to `deadline`. */
  constructor(id: number, post: (message: FromWorker) => void, deadline: GuestDeadline) {
    this.#id = id;
    this.#deadline = deadline;
    this.#post = post;
  }

  get capacity(): number {
    return Math.max(0, this.#room);
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  /** All of it was sent. */
  get complete(): boolean {
    return this.#state === 'complete';
  }

  /** The client disconnected first. */
  get abandoned(): boolean {
    return this.#state === 'abandoned';
  }

  head(status: number, headers: FieldList): void {
    this.#deadline.enter('streaming');
    this.#post({ type: 'head', id: this.#id, status, headers: toFlat(headers) });
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return;
    this.#room -= bytes.length;
    this.#deadline.progress();
    this.#post({ type: 'chunk', id: this.#id, bytes });
  }

  end(trailers: FieldList = []): void {
    if (this.#state !== 'open') return;
    this.#state = 'complete';
    this.#deadline.enter('over');
    this.#post({ type: 'end', id: this.#id, trailers: toFlat(trailers) });
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'broken';
    this.changed.wake();
  }

  error(): void {
    this.#state = 'broken';
  }

  /** The client has taken this many bytes. */
  credit(bytes: number): void {
    this.#room += bytes;
    this.#deadline.progress();
    this.changed.wake();
  }

  /** The client disconnected: writes fail as closed from now on. */
  gone(): void {
    this.#deadline.enter('over');
    if (this.#state === 'open') this.#state = 'abandoned';
    this.changed.wake();
  }
}
