import type { Guest } from '../guest.ts';
import type { HttpErrorCode, StreamFailure } from '../io/error.ts';
import { OutputStream, type Writer } from '../io/output-stream.ts';
import type { BodySink, ByteSink } from '../io/sink.ts';
import type { FieldList } from '../io/source.ts';
import { Signal } from '../signal.ts';
import type { Fields } from './fields.ts';
import { UnsentChunks } from './unsent.ts';

/**
 * Maximum size in bytes of a body that is not sent yet. Guests write and finish whole responses before
 * `response-outparam.set`; if they had to wait for a reader, both sides would wait forever.
 */
const MAX_UNSENT: number = 64 * 1024 * 1024;

/** Whether a body belongs to a request or to a response, whose error codes differ. */
export type MessageKind = 'request' | 'response';

/** The state of a body. `broken`: dropped unfinished, or not of the length in its Content-Length. */
export type BodyState = 'open' | 'finished' | 'broken';

/** The resource `outgoing-body` of `wasi:http/types`. */
export class OutgoingBody {
  readonly #content: Content;
  #stream: 'untaken' | 'alive' | 'dropped' = 'untaken';

  /** `length` is the Content-Length of the message in bytes. `owner` is charged for what is written before it is sent. */
  constructor(kind: MessageKind, length: number | undefined, owner?: Guest | undefined) {
    this.#content = new Content(kind, length, owner);
  }

  /** Once only. */
  write(): OutputStream {
    if (this.#stream !== 'untaken') throw undefined;
    this.#stream = 'alive';
    return new OutputStream(this.#content, this.#content, () => {
      this.#stream = 'dropped';
    });
  }

  /** Throws an `error-code` if the length is not the Content-Length; traps while the stream is alive. */
  static finish(body: OutgoingBody, trailers: Fields | undefined): void {
    if (body.#stream === 'alive')
      throw new WebAssembly.RuntimeError('outgoing-body finished before its stream was dropped');
    body.#content.guest?.check();
    body.#content.finish(trailers?.entries());
  }

  /** The host's side of the resource: sends what was written so far, and what is written from now on. */
  static send(body: OutgoingBody, guest: Guest, sink: BodySink): void {
    body.#content.send(guest, sink);
  }

  /** The host's side of the resource: the message was dropped, so the body is never read. */
  static abandon(body: OutgoingBody): void {
    body.#content.abandon();
  }

  static state(body: OutgoingBody): BodyState {
    return body.#content.state;
  }

  /** Dropped without `finish`: the reader must not take the body for complete. */
  [Symbol.dispose](): void {
    this.#content.abort();
  }
}

/** The bytes of a body, held until there is a sink to send them to. */
class Content implements ByteSink, Writer {
  guest: Guest | undefined;
  state: BodyState = 'open';
  readonly #kind: MessageKind;
  readonly #length: number | undefined;
  readonly #unsentChanged: Signal = new Signal();
  readonly #unsent: UnsentChunks;
  #failure: StreamFailure | undefined;
  #written = 0;
  #trailers: FieldList | undefined;
  #sink: BodySink | undefined;

  constructor(kind: MessageKind, length: number | undefined, owner: Guest | undefined) {
    this.#kind = kind;
    this.#length = length;
    this.#unsent = new UnsentChunks(owner, MAX_UNSENT);
  }

  get capacity(): number {
    if (this.closed) return 0;
    return this.#sink !== undefined ? this.#sink.capacity : MAX_UNSENT - this.#written;
  }

  get closed(): boolean {
    return this.state !== 'open' || this.#failure !== undefined || this.#sink?.closed === true;
  }

  get failure(): StreamFailure | undefined {
    return this.#failure ?? this.#sink?.failure;
  }

  get changed(): Signal {
    return this.#sink?.changed ?? this.#unsentChanged;
  }

  write(chunk: Uint8Array): void {
    this.#written += chunk.length;
    if (this.#length !== undefined && this.#written > this.#length) {
      this.#fail('more bytes than the Content-Length promised', this.#sizeError());
    } else if (this.#sink !== undefined) {
      this.#sink.write(chunk);
    } else {
      const refusal = this.#unsent.push(chunk);
      if (refusal !== undefined) this.#fail(refusal);
      // Full means failed: the next write would wait for a reader that only comes later.
      else if (this.#written >= MAX_UNSENT) this.#fail(`a body of ${MAX_UNSENT} bytes before it was sent`);
    }
  }

  finish(trailers: FieldList | undefined): void {
    if (this.state !== 'open') return;
    if (this.#length !== undefined && this.#written !== this.#length) {
      this.abort();
      throw this.#sizeError();
    }
    if (this.#failure !== undefined) {
      this.abort();
      throw { tag: 'internal-error', val: this.#failure.message } satisfies HttpErrorCode;
    }
    this.state = 'finished';
    this.#trailers = trailers;
    this.#sink?.end(trailers);
  }

  abort(): void {
    if (this.state !== 'open') return;
    this.state = 'broken';
    this.#unsent.free();
    this.#sink?.abort();
  }

  abandon(): void {
    this.abort();
    this.#unsent.free();
  }

  send(guest: Guest, sink: BodySink): void {
    this.guest = guest;
    this.#sink = sink;
    this.#unsent.moveTo((chunk) => sink.write(chunk));
    if (this.state === 'finished') sink.end(this.#trailers);
    else if (this.state === 'broken') sink.abort();
  }

  #fail(message: string, http: HttpErrorCode = { tag: 'internal-error', val: message }): void {
    this.#failure = { message, http };
  }

  #sizeError(): HttpErrorCode {
    return {
      tag: this.#kind === 'request' ? 'HTTP-request-body-size' : 'HTTP-response-body-size',
      val: BigInt(this.#written),
    };
  }
}
