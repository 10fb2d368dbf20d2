import type { Change, WasmcpError } from '../../host/index.ts';
import type { GuestPlace } from './guest-place.ts';
import type { RequestRecord } from './request-record.ts';
import type { ResponseWriter } from './response.ts';

/** A request for a guest. */
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
   * When the head and the body were received, or only the head of an upload, by `performance.now()`: timeouts count from then,
   * wherever the request waits.
   */
  readonly receivedAt: number;
  /** Another guest may be waiting for it: when the places for requests are used up, there is a reserved one for it. */
  readonly awaited?: boolean;
  /** Says when the guest may be ended for others; undefined for one that never waits without a client. */
  readonly place?: GuestPlace;
  /** The fence under which the guest writes, as a text, see `Leases`. */
  readonly fence?: string;
  /** Variables that the guest sees for this request, in addition to or instead of those of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the stages note what they know of it; undefined while nobody observes requests. */
  readonly record?: RequestRecord | undefined;
  /** A change to notify `wasi:keyvalue/watcher` of, instead of an HTTP request: the response consists of its end only. */
  readonly change?: Change;
}

/** A request body that arrives in pieces. */
export interface Upload {
  /** Starts delivery. Called at most once, and never for a request that no guest gets. */
  start(receiver: UploadReceiver): void;
  /** The receiver has room again after `data` returned false. */
  resume(): void;
  /** The rest is not needed. May be called again. */
  stop(): void;
}

export interface UploadReceiver {
  /** Copies the bytes. Returns false when no more may be delivered until `resume`. */
  data(bytes: Uint8Array): boolean;
  /** The body is complete; `trailers` is a flat list as well. */
  end(trailers: string[]): void;
  /** The rest will not arrive. An error is reported to the client as the response. */
  fail(error?: WasmcpError): void;
}

/** Serves a request by writing its response to `target`. */
export type Handler = (request: GuestRequest, target: ResponseWriter) => RequestHandle;

/** A request that is being served. */
export interface RequestHandle {
  /** The client disconnected: nothing more is delivered, and the guest's writes fail as closed. */
  cancel(): void;
  /** Stops the guest and fails the request. `cancel` alone lets the guest finish for some time. */
  stop(failure: WasmcpError): void;
}

/** The handle of a request that was complete when its handler returned. */
export const COMPLETE: RequestHandle = { cancel() {}, stop() {} };
