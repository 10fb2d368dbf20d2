import { GuestPlace } from '../../../http/guest-place.ts';
import type { GuestRequest, Handler, RequestHandle } from '../../../http/handler.ts';
import type { ResponseWriter } from '../../../http/response.ts';
import { INTERNAL_ERROR } from '../../edge/messages.ts';
import type { ClientMessage, JsonObject } from '../client-message.ts';
import type { TranslatedResponse } from '../translation.ts';
import type { Inputs } from './inputs.ts';
import { MAX_INPUTS, TOO_MANY } from './limits.ts';
import type { AskedCall, Asking, AskingExchange, AskingGuest, RetryStep } from './types.ts';

interface AskingStep extends RetryStep {
  readonly translated: TranslatedResponse;
}

/** A call before its guest has asked anything: what it takes to suspend it is loaded when it does. */
export class FirstAsking implements Asking, AskedCall {
  readonly exchange: AskingExchange;
  readonly message: ClientMessage;
  readonly response: TranslatedResponse;
  readonly release: () => void;
  readonly place: GuestPlace = new GuestPlace();
  guest: AskingGuest | undefined;
  readonly #load: () => Promise<Inputs>;
  readonly #early: JsonObject[] = [];
  #next: Asking | undefined;

  constructor({ exchange, message, translated, sequence }: AskingStep, load: () => Promise<Inputs>) {
    this.exchange = exchange;
    this.message = message;
    this.response = translated;
    this.release = sequence.release;
    this.#load = load;
  }

  asked(request: JsonObject): string | undefined {
    if (this.#next !== undefined) return this.#next.asked(request);
    if (this.#early.length >= MAX_INPUTS) return TOO_MANY;
    this.#early.push(request);
    if (this.#early.length === 1) void this.#start();
    return undefined;
  }

  async #start(): Promise<void> {
    try {
      const inputs = await this.#load();
      this.#next = inputs.begin(this, this.#early);
    } catch (error) {
      this.response.refuse({ code: INTERNAL_ERROR, message: (error as Error).message });
      this.guest?.handle.cancel();
    }
  }
}

/**
 * Passes the client's call to its guest. `enter` makes a request of the client's one that the guest takes in the same session.
 */
export function passOn(
  { asking }: AskingExchange,
  request: GuestRequest,
  handler: Handler,
  target: ResponseWriter,
  enter: (request: GuestRequest) => GuestRequest,
): RequestHandle {
  if (!(asking instanceof FirstAsking)) return handler(request, target);
  const handle = handler({ ...request, place: asking.place }, target);
  asking.guest = { handle, respond: (response, to) => handler(enter(response), to) };
  return handle;
}
