import { type FieldList, type ResponseSink, Signal } from '../../../host/index.ts';
import { type FromWorker, WINDOW } from '../protocol/messages.ts';
import { toFlat } from './fields.ts';

/** A response that is sent in messages, as fast as the client reads. */
export interface PostedResponse extends ResponseSink {
  /** All of it was sent. */
  readonly complete: boolean;
  /** The client disconnected first. */
  readonly abandoned: boolean;
  /** The client has taken this many bytes. */
  credit(bytes: number): void;
  /** The client disconnected: writes fail as closed from now on. */
  gone(): void;
}

export function createPostedResponse(id: number, post: (message: FromWorker) => void): PostedResponse {
  return new Posted(id, post);
}

/** A class, as an object literal with accessors is slow to create, and each request creates one. */
class Posted implements PostedResponse {
  readonly changed: Signal = new Signal();
  readonly #id: number;
  readonly #post: (message: FromWorker) => void;
  #room: number = WINDOW;
  #state: 'open' | 'complete' | 'broken' | 'abandoned' = 'open';

  constructor(id: number, post: (message: FromWorker) => void) {
    this.#id = id;
    this.#post = post;
  }

  get capacity(): number {
    return Math.max(0, this.#room);
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  get complete(): boolean {
    return this.#state === 'complete';
  }

  get abandoned(): boolean {
    return this.#state === 'abandoned';
  }

  head(status: number, headers: FieldList): void {
    this.#post({ type: 'head', id: this.#id, status, headers: toFlat(headers) });
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return;
    this.#room -= bytes.length;
    this.#post({ type: 'chunk', id: this.#id, bytes });
  }

  end(trailers: FieldList = []): void {
    if (this.#state !== 'open') return;
    this.#state = 'complete';
    this.#post({ type: 'end', id: this.#id, trailers: toFlat(trailers) });
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'broken';
    this.changed.wake();
  }

  error(): void {
    this.#state = 'broken';
  }

  credit(bytes: number): void {
    this.#room += bytes;
    this.changed.wake();
  }

  gone(): void {
    if (this.#state === 'open') this.#state = 'abandoned';
    this.changed.wake();
  }
}
