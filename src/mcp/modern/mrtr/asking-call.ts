import { WasmcpError } from '../../../../host/index.ts';
import type { RequestHandle } from '../../../http/handler.ts';
import { INTERNAL_ERROR, messageFor } from '../../edge/messages.ts';
import type { ClientMessage, JsonObject } from '../client-message.ts';
import { completeResult } from '../guest-response.ts';
import type { TranslatedResponse } from '../translation.ts';
import { requestDigest } from './digest.ts';
import { InputRequests } from './input-requests.ts';
import { responsesOf } from './input-responses.ts';
import type { KeptCalls } from './kept-calls.ts';
import { QUIET } from './limits.ts';
import { newStateId, sealState } from './request-state.ts';
import type { StateKeys } from './state-keys.ts';
import type { AskedCall, Asking, AskingExchange, KeptCall, Retry } from './types.ts';

/** What all calls share. */
export interface KeepingParts {
  readonly keys: StateKeys;
  readonly kept: KeptCalls;
  /** Milliseconds that a guest waits for its client. */
  readonly inputWait: number;
  now(): number;
}

/**
 * A call whose guest asks its client. What it asks becomes a result, with which the client's request ends; the guest waits, and
 * its response goes to the request with which the client continues the call.
 */
export class AskingCall implements Asking, KeptCall {
  readonly #parts: KeepingParts;
  readonly #call: AskedCall;
  readonly #requests = new InputRequests();
  /** Digest of what the client asks for. */
  readonly #request: Buffer;
  readonly #progressToken: unknown;
  /** The exchange with the client that waits now, or waited last. */
  #exchange: AskingExchange;
  /** Its request, which the guest's responses are sent for. */
  #message: ClientMessage;
  /** What it has responded to and the guest has not asked. */
  #given: Map<string, JsonObject>;
  #isHeld = false;
  #quiet: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: KeepingParts, call: AskedCall) {
    this.#parts = parts;
    this.#call = call;
    this.#exchange = call.exchange;
    this.#message = call.message;
    this.#given = responsesOf(call.message);
    this.#request = requestDigest(call.message.request.body as Uint8Array);
    this.#progressToken = call.message.meta.progressToken;
  }

  /** Why the guest will not respond, if it failed while it waited. */
  get failure(): WasmcpError | undefined {
    return this.#call.response.failure;
  }

  get response(): TranslatedResponse {
    return this.#call.response;
  }

  asked(request: JsonObject): string | undefined {
    const problem = this.#requests.add(request);
    if (problem === undefined && !this.#isHeld) this.#respond();
    return problem;
  }

  /** The client continues the call. */
  resume({ exchange, message, target }: Retry): RequestHandle {
    const { response, place, guest } = this.#call;
    clearTimeout(this.#expiry);
    this.#isHeld = false;
    this.#exchange = exchange;
    this.#message = message;
    this.#given = responsesOf(message);
    exchange.asking = this;
    exchange.isOwn = true;
    exchange.served = { progressToken: this.#progressToken };
    exchange.stop = (failure) => guest!.handle.stop(failure);
    place.yield(false);
    response.resume(target, exchange);
    this.#respond();
    return guest!.handle;
  }

  /** No client will continue it. */
  end(reason: string): void {
    clearTimeout(this.#expiry);
    this.#call.guest?.handle.stop(new WasmcpError('guest-timeout', reason));
  }

  /** Gives the guest what the client has sent, and asks the client for the rest, once the guest has asked everything. */
  #respond(): void {
    for (const name of this.#requests.names()) {
      const response = this.#given.get(name);
      if (response === undefined) continue;
      this.#given.delete(name);
      this.#deliver(this.#requests.respond(name, response));
    }
    clearTimeout(this.#quiet);
    if (this.#requests.count > 0) this.#quiet = setTimeout(() => void this.#hold(), QUIET).unref();
  }

  /** Sends the guest a response in a request of its own. */
  #deliver(response: Uint8Array): void {
    let status = 0;
    const settled = (): void => {
      if (status < 200 || status >= 300)
        this.refuse(`the server did not take the response of its client: ${status}`);
    };
    this.#call.guest!.respond(
      { ...messageFor(this.#message.request, response), awaited: true },
      {
        head: (code) => {
          status = code;
        },
        chunk: (bytes, acknowledged) => acknowledged(bytes.length),
        end: settled,
        fail: (error) => this.refuse(error.message),
        finished() {},
      },
    );
  }

  /** The call fails. */
  refuse(text: string): void {
    this.#call.response.refuse({ code: INTERNAL_ERROR, message: text });
    this.#call.guest?.handle.cancel();
  }

  /** The client's request ends with what the guest asks. */
  async #hold(): Promise<void> {
    const { response, place } = this.#call;
    if (this.#exchange.isDetached) return this.#tell();
    try {
      const key = await this.#parts.keys.current();
      // It may have become one meanwhile.
      if (this.#exchange.isDetached) return this.#tell();
      if (response.isOver || this.#exchange.hasLeft || this.#requests.count === 0) return;
      const id = newStateId();
      const facts = {
        ...{ id, request: this.#request, owner: this.#call.exchange.owner },
        expires: this.#parts.now() + this.#parts.inputWait,
      };
      this.#isHeld = true;
      // From now on, the guest is stopped by itself: the client's request is over.
      this.#exchange.stop = (failure) => this.#call.guest?.handle.stop(failure);
      this.#expire(id);
      this.#parts.kept.keep(id, this);
      this.#call.release();
      const result = {
        resultType: 'input_required',
        inputRequests: this.#requests.list(),
        requestState: sealState(facts, key),
      };
      response.hold(completeResult(result, this.#exchange.completion()));
      place.yield(true);
    } catch (error) {
      this.refuse((error as Error).message);
    }
  }

  /** The client has another request for the guest's responses. */
  #tell(): void {
    const { inputRequired } = this.#exchange;
    const { place } = this.#call;
    if (inputRequired === undefined) this.refuse('the server asked its client, which no longer waits');
    place.yield(true);
    inputRequired?.({
      requests: this.#requests.list(),
      end: (reason) => this.end(reason),
      respond: (message) => {
        place.yield(false);
        this.#message = message;
        this.#given = responsesOf(message);
        this.#respond();
      },
    });
  }

  #expire(id: Buffer): void {
    const { kept, inputWait } = this.#parts;
    this.#expiry = setTimeout(() => {
      kept.remove(id);
      const asked = JSON.stringify(this.#requests.oldest());
      this.end(`the client did not respond to ${asked} within ${inputWait} ms (--input-wait)`);
    }, inputWait).unref();
  }
}
