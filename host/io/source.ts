import type { Signal } from '../signal.ts';
import type { StreamFailure } from './error.ts';

/** Header or trailer fields in order, repetitions kept. */
export type FieldList = readonly (readonly [name: string, value: Uint8Array])[];

/** Where an `input-stream` reads from: a request's body, a file, standard input. */
export interface ByteSource {
  /** A read answers now: with bytes, or because no more will come. */
  readonly ready: boolean;
  /**
   * `open` while bytes may come or wait to be read; `ended` after the last byte was read; `failed` when the rest will
   * never come, see `failure`.
   */
  readonly state: 'open' | 'ended' | 'failed';
  readonly failure?: StreamFailure | undefined;
  /** Fields that came after an HTTP body, once `ended`. */
  readonly trailers?: FieldList | undefined;
  /** Wakes whenever `ready` or `state` changed. */
  readonly changed: Signal;
  /** At most `max` bytes, at least one unless nothing is there. The chunk belongs to the caller. */
  read(max: number): Uint8Array;
  /** What `read` answered last was copied: its memory may be used again. */
  spent?(chunk: Uint8Array): void;
  /** Nobody will read on: bytes that still come are dropped, `state` still comes to its end. Twice is fine. */
  cancel(): void;
}
