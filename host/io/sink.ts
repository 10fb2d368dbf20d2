import type { Signal } from '../signal.ts';
import type { StreamFailure } from './error.ts';
import type { FieldList } from './source.ts';

/** Where an `output-stream` writes to: a response's body, a file, standard output. */
export interface ByteSink {
  /** Bytes that may be written now without back-pressure; 0 means: wait for `changed`. */
  readonly capacity: number;
  /** No more bytes are taken. */
  readonly closed: boolean;
  /** Why it closed, when the guest should learn of a failure rather than of an end. */
  readonly failure?: StreamFailure | undefined;
  /** Wakes whenever `capacity` grew or `closed` changed. */
  readonly changed: Signal;
  /** Takes over the whole chunk, its memory included, even when it exceeds `capacity`. Dropped when `closed`. */
  write(chunk: Uint8Array): void;
}

/** A sink whose end matters: a body is complete, with trailers, or was broken off. */
export interface BodySink extends ByteSink {
  /** All bytes were written. Nothing follows. Fine when `closed`. */
  end(trailers?: FieldList): void;
  /** The rest will never come: whoever reads must not take the body for complete. Fine when `closed`. */
  abort(): void;
}
