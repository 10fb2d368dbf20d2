import type { Change, WasmcpError } from '../../host/index.ts';
import type { ResponseWriter } from './response.ts';

/** A request as the front hands it to the engine. */
export interface GuestRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  /** Path with query. */
  readonly path: string;
  /** Flat list, latin1 values. */
  readonly headers: string[];
  readonly body: Uint8Array | Upload | undefined;
  /**
   * When the head and the body were there, or the head alone of an upload, in milliseconds of `performance.now()`: its time
   * runs from then, wherever it waits.
   */
  readonly receivedAt: number;
  /** A guest may be waiting for it: where no place is left for others, there is one for such. */
  readonly awaited?: boolean;
  /** To tell `wasi:keyvalue/watcher` of, in place of a request to answer: the response is its end alone. */
  readonly change?: Change;
}

/** A request's body that comes piece by piece. */
export interface Upload {
  /** Begins to deliver. Called once at most: never for a request that no guest took. */
  start(receiver: UploadReceiver): void;
  /** There is room again after `data` answered false. */
  resume(): void;
  /** Nobody wants the rest, if there is one. Twice is fine. */
  stop(): void;
}

export interface UploadReceiver {
  /** Copies the bytes. False: nothing more until `resume`. */
  data(bytes: Uint8Array): boolean;
  /** The body is complete; `trailers` as `headers` above. */
  end(trailers: string[]): void;
  /** The rest will not come. With an error, the client gets that for an answer. */
  fail(error?: WasmcpError): void;
}

/** Takes a request over and answers to `target`. Layers in front of the engine take one and give one. */
export type Handler = (request: GuestRequest, target: ResponseWriter) => RequestHandle;

/** A request that has been taken over. */
export interface RequestHandle {
  /** The client went away: nothing more is delivered, the guest's writes fail as closed. */
  cancel(): void;
  /** Ends the guest, and its client's request with this failure. Without it, a guest ends some time after its client went. */
  stop?(failure: WasmcpError): void;
}
