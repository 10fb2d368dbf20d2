import type { Signal } from '../signal.ts';
import type { StreamFailure } from './error.ts';

/** Header or trailer fields in order, repetitions kept. */
export type FieldList = readonly (readonly [name: string, value: Uint8Array])[];

/** What an `input-stream` of `wasi:io/streams` reads from: a request's body, a file, standard input. */
export interface ByteSource {
  /** A read returns bytes now, or no more will come. */
  readonly ready: boolean;
  /**
   * `open` while bytes may come or wait to be read; `ended` after the last byte was read; `failed` if the rest will never
   * come, see `failure`.
   */
  readonly state: 'open' | 'ended' | 'failed';
  readonly failure?: StreamFailure | undefined;
  /** Trailer fields of an HTTP body, once `ended`. */
  readonly trailers?: FieldList | undefined;
  /** Wakes whenever `ready` or `state` has changed. */
  readonly changed: Signal;
  /** Returns at most `max` bytes, and at least one unless none are available. The chunk belongs to the caller. */
  read(max: number): Uint8Array;
  /** Called once the last result of `read` was copied: its memory may be reused. */
  spent?(chunk: Uint8Array): void;
  /** No more reads will follow: bytes that still arrive are dropped, and `state` still reaches its end. May be called again. */
  cancel(): void;
}
