import type { FieldList } from '../../io/source.ts';
import type { ResponseHead } from '../incoming-response.ts';
import type { Destination } from './destination.ts';

/** A request to be sent. */
export interface SentRequest {
  readonly destination: Destination;
  readonly method: string;
  readonly path: string;
  /** Alternating names and values, values as latin1. */
  readonly headers: readonly string[];
  /** Undefined if there is none. Can be read once; throws if the rest will never come. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** No part of the request must leave before this resolves, and nothing at all if it rejects. */
  readonly allowed: Promise<void>;
}

/** Events of a request. There are none after `ended`, `failed` or `abort`. */
export interface RequestEvents {
  /** Name resolution and connecting begin, or an open connection is used. */
  connecting(): void;
  /** The connection is open and the request is being sent. */
  connected(): void;
  head(head: ResponseHead): void;
  /** The receiver owns the chunk. */
  data(chunk: Uint8Array): void;
  ended(trailers: FieldList): void;
  failed(error: unknown): void;
}

/** A request in progress. All methods may be called at any time and repeatedly. */
export interface Sending {
  /** Pauses the response; a little data may still arrive. */
  pause(): void;
  resume(): void;
  /** Ends the request and closes its connection. */
  abort(reason: Error): void;
}

/** Sends the HTTP requests of guests. */
export interface OutgoingHttp {
  /**
   * Starts to send a request; no event occurs before it returns.
   *
   * Throws an `error-code` if the request is refused immediately.
   */
  send(request: SentRequest, events: RequestEvents): Sending;
  /** Ends all requests and closes all connections. Calling it again has no effect. */
  close(): Promise<void>;
}
