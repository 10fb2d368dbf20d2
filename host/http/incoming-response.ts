import type { Guest } from '../guest.ts';
import type { HttpErrorCode } from '../io/error.ts';
import { Pollable } from '../io/poll.ts';
import type { ByteSource, FieldList } from '../io/source.ts';
import type { Signal } from '../signal.ts';
import { Fields } from './fields.ts';
import type { FutureResult } from './future.ts';
import { type IncomingBody, UntakenBody } from './incoming-body.ts';

/** The head of a received response. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: FieldList;
}

/** The response to a request that was sent, once there is one. */
export interface PendingResponse {
  readonly outcome:
    | { readonly head: ResponseHead; readonly body: ByteSource }
    | { readonly error: HttpErrorCode }
    | undefined;
  /** Wakes when there is an outcome. */
  readonly changed: Signal;
  /** Called when the guest drops its future without an outcome. */
  cancel(): void;
}

/** The resource `incoming-response` of `wasi:http/types`. */
export class IncomingResponse {
  readonly #head: ResponseHead;
  readonly #body: UntakenBody;
  readonly #headers: Fields;

  constructor(guest: Guest, head: ResponseHead, body: ByteSource) {
    this.#head = head;
    this.#body = new UntakenBody(guest, body);
    this.#headers = Fields.received(head.headers, guest);
  }

  status(): number {
    return this.#head.status;
  }

  headers(): Fields {
    return this.#headers;
  }

  /** Once only. */
  consume(): IncomingBody {
    return this.#body.take();
  }

  [Symbol.dispose](): void {
    this.#body.drop();
    Fields.release(this.#headers);
  }
}

/** The resource `future-incoming-response` of `wasi:http/types`. */
export class FutureIncomingResponse {
  readonly #guest: Guest;
  readonly #pending: PendingResponse;
  #taken = false;

  constructor(guest: Guest, pending: PendingResponse) {
    this.#guest = guest;
    this.#pending = pending;
  }

  subscribe(): Pollable {
    const pending = this.#pending;
    return new Pollable({
      guest: this.#guest,
      changed: pending.changed,
      ready: () => pending.outcome !== undefined,
    });
  }

  get(): FutureResult<IncomingResponse> {
    this.#guest.check();
    const outcome = this.#pending.outcome;
    if (outcome === undefined) return undefined;
    if (this.#taken) return { tag: 'err', val: undefined };
    this.#taken = true;
    return 'error' in outcome
      ? { tag: 'ok', val: { tag: 'err', val: outcome.error } }
      : { tag: 'ok', val: { tag: 'ok', val: new IncomingResponse(this.#guest, outcome.head, outcome.body) } };
  }

  [Symbol.dispose](): void {
    if (!this.#taken) this.#pending.cancel();
  }
}
