import type { FieldList } from '../../io/source.ts';
import type { ResponseHead } from '../incoming-response.ts';
import type { Destination } from './destination.ts';

/** A request as it is sent. */
export interface SentRequest {
  readonly destination: Destination;
  readonly method: string;
  readonly path: string;
  /** Flat list of names and values, values as latin1. */
  readonly headers: readonly string[];
  /** Undefined when there is none. To be read once; throws when the rest will never come. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** Nothing of the request leaves before this settles, and nothing at all when it rejects. */
  readonly allowed: Promise<void>;
}

/** How a request fares. After `ended`, `failed` or `abort` there is no other. */
export interface ExchangeEvents {
  /** Names are resolved and a connection is opened from now on, or one that stands is used. */
  connecting(): void;
  /** The connection stands; the request leaves. */
  connected(): void;
  head(head: ResponseHead): void;
  /** The chunk is not touched again. */
  data(chunk: Uint8Array): void;
  ended(trailers: FieldList): void;
  failed(error: unknown): void;
}

/** A request under way. All of it may be called at any time, several times too. */
export interface Sending {
  /** No more data for now; a little may still come. */
  pause(): void;
  resume(): void;
  /** Ends it and lets go of its connection. */
  abort(reason: Error): void;
}

/** Sends the HTTP requests of guests. */
export interface OutgoingHttp {
  /**
   * Starts to send; no event comes before it has returned.
   *
   * Throws an `error-code` when the request is refused at first sight.
   */
  send(request: SentRequest, events: ExchangeEvents): Sending;
  /** Ends what is under way and closes its connections. Twice is fine. */
  close(): Promise<void>;
}
