import type { WasmcpError } from '../../../host/index.ts';
import type { Upload, UploadReceiver } from '../../http/handler.ts';
import { type Post, WINDOW } from '../protocol/messages.ts';

export interface BodyEvents {
  /** All of the body has arrived. */
  ended(): void;
  /** The rest will not arrive; an error is for the client. */
  failed(error: WasmcpError | undefined): void;
}

/** Sends a body to the worker as it arrives, at most a window ahead of the guest. */
export class BodyForwarder implements UploadReceiver {
  /** More of it may arrive. */
  arriving = true;
  readonly #id: number;
  readonly #upload: Upload;
  readonly #events: BodyEvents;
  #post: Post | undefined;
  #room: number = WINDOW;

  constructor(id: number, upload: Upload, events: BodyEvents) {
    this.#id = id;
    this.#upload = upload;
    this.#events = events;
  }

  start(post: Post): void {
    this.#post = post;
    this.#upload.start(this);
  }

  /** The guest took this many bytes. */
  taken(bytes: number): void {
    const waited = this.#room <= 0;
    this.#room += bytes;
    if (waited && this.#room > 0) this.#upload.resume();
  }

  /** The guest is finished. */
  stop(): void {
    this.#post = undefined;
    this.#upload.stop();
  }

  data(bytes: Uint8Array): boolean {
    if (this.#post === undefined) return true;
    this.#room -= bytes.length;
    // A copy: the caller owns the memory of `bytes`.
    const copy = new Uint8Array(bytes);
    this.#post({ type: 'body', id: this.#id, bytes: copy }, [copy.buffer]);
    return this.#room > 0;
  }

  end(trailers: string[]): void {
    this.arriving = false;
    this.#events.ended();
    this.#post?.({ type: 'body-end', id: this.#id, trailers });
  }

  fail(error?: WasmcpError): void {
    this.arriving = false;
    this.#events.failed(error);
    this.#post?.({ type: 'body-failed', id: this.#id });
  }
}
