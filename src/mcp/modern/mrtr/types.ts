import type { WasmcpError } from '../../../../host/index.ts';
import type { GuestPlace } from '../../../http/guest-place.ts';
import type { Handler, RequestHandle } from '../../../http/handler.ts';
import type { ResponseWriter } from '../../../http/response.ts';
import type { Refusal } from '../../edge/messages.ts';
import type { RequestSequence } from '../../edge/request-sequence.ts';
import type { ClientMessage, JsonObject } from '../client-message.ts';
import type { TranslatedResponse, Translation } from '../translation.ts';

/** Takes what a guest asks its client. */
export interface Asking {
  /** Returns why the request cannot be passed on, if so. */
  asked(request: JsonObject): string | undefined;
}

/** What matters here of a client's request and its response. */
export interface AskingExchange extends Translation {
  message: ClientMessage | undefined;
  /** Of the request that the guest serves, if it is an earlier one of the client. */
  served: { readonly progressToken: unknown } | undefined;
  /** Takes what the guest asks its client; undefined if the client can be asked nothing. */
  asking: Asking | undefined;
  owner: string | undefined;
  /** The client waits no longer for its response. */
  readonly hasLeft: boolean;
  /** The response is written as it is. */
  isOwn: boolean;
  /** Stops the guest. */
  stop: (failure: WasmcpError) => void;
  /** The call has become something that the client asks about in other requests. */
  readonly isDetached: boolean;
  /** Gets what the guest asks in such a call. */
  readonly inputRequired: ((input: DetachedInput) => void) | undefined;
  refuse(target: ResponseWriter, refusal: Refusal): void;
}

/** What a guest asks in a call whose client does not wait for its response. */
export interface DetachedInput {
  /** As in `inputRequests`. */
  readonly requests: JsonObject;
  /** The client's request has `inputResponses`; what it does not respond to is asked again. */
  respond(message: ClientMessage): void;
  /** No client will respond. */
  end(reason: string): void;
}

/** A call whose guest may ask its client. */
export interface AskedCall {
  readonly exchange: AskingExchange;
  readonly message: ClientMessage;
  readonly response: TranslatedResponse;
  readonly place: GuestPlace;
  /** The client's request is over, and the guest continues. */
  release(): void;
  /** The guest, once it has the call. */
  readonly guest: AskingGuest | undefined;
}

export interface AskingGuest {
  readonly handle: RequestHandle;
  /** Where the guest takes the responses of its client. */
  readonly respond: Handler;
}

/** A client's request that continues a call. */
export interface Retry {
  readonly exchange: AskingExchange;
  readonly message: ClientMessage;
  readonly target: ResponseWriter;
}

export interface RetryStep {
  readonly exchange: AskingExchange;
  readonly message: ClientMessage;
  readonly sequence: RequestSequence;
}

/** A call whose guest waits for its client. */
export interface KeptCall {
  readonly response: TranslatedResponse;
  /** Why the guest will not respond, if it failed while it waited. */
  readonly failure: WasmcpError | undefined;
  /** The client continues the call. */
  resume(retry: Retry): RequestHandle;
  /** No client will continue it. */
  end(reason: string): void;
}
