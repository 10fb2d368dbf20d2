import type { WasmcpError } from '../../../host/index.ts';
import type { ResponseWriter } from '../../http/response.ts';
import type { JsonObject } from './client-message.ts';
import type { Completion } from './guest-response.ts';

/** How the guest's messages reach the client. */
export interface Translation {
  /** The client accepts a stream. */
  readonly streams: boolean;
  /** The response is the client's as it is. */
  readonly passes: boolean;
  /** Of the client's request. */
  readonly id: string | number | undefined;
  completion(): Completion;
  /** The notification of the guest as the client gets it; undefined if the client does not want it. */
  notified(notification: JsonObject): JsonObject | undefined;
  /** The guest asks its client something. Returns an error if that ends the client's request. */
  asked(request: JsonObject): JsonObject | undefined;
  /** The guest's response as the client gets it. */
  responded(response: JsonObject): JsonObject;
}

/**
 * A response of a guest on its way to the client. The client may get a result before the guest has responded; then the rest goes
 * to the client's next request.
 */
export interface TranslatedResponse {
  readonly writer: ResponseWriter;
  /** The client has its response, or the guest has responded although no client waits. */
  readonly isOver: boolean;
  /** Why there will be no response, if the guest failed while no client waited. */
  readonly failure: WasmcpError | undefined;
  /** Responds with this result, and holds back what the guest writes from now on. */
  hold(result: JsonObject): void;
  /** What was held back, and the rest, goes to another request of the client. */
  resume(target: ResponseWriter, translation: Translation): void;
  /** Ends the client's request with an error. */
  refuse(error: JsonObject): void;
  fail(error: WasmcpError): void;
}
