import type { Signal } from '../signal.ts';
import type { StreamFailure } from './error.ts';
import type { FieldList } from './source.ts';

/** What an `output-stream` of `wasi:io/streams` writes to: a response's body, a file, standard output. */
export interface ByteSink {
  /** Bytes that can be written now without back-pressure; 0 means to wait for `changed`. */
  readonly capacity: number;
  /** No more bytes are accepted. */
  readonly closed: boolean;
  /** Why it closed, if the guest should get a failure rather than an end. */
  readonly failure?: StreamFailure | undefined;
  /** Wakes whenever `capacity` has grown or `closed` has changed. */
  readonly changed: Signal;
  /** Takes ownership of the whole chunk and its memory, even beyond `capacity`. Drops it if `closed`. */
  write(chunk: Uint8Array): void;
}

/** A sink for bodies, which distinguishes a complete body, with trailers, from an aborted one. */
export interface BodySink extends ByteSink {
  /** All bytes were written; nothing follows. Allowed if `closed`. */
  end(trailers?: FieldList): void;
  /** The rest will never come: the reader must not take the body for complete. Allowed if `closed`. */
  abort(): void;
}
