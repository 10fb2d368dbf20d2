import type { HttpErrorCode } from '../io/error.ts';
import type { OutgoingResponse } from './outgoing-response.ts';

/** The argument of `response-outparam.set`: `result<outgoing-response, error-code>`. */
export type ResponseResult =
  | { readonly tag: 'ok'; readonly val: OutgoingResponse }
  | { readonly tag: 'err'; readonly val: HttpErrorCode };

/** The resource `response-outparam` of `wasi:http/types`. */
export class ResponseOutparam {
  #respond: ((result: ResponseResult) => void) | undefined;

  constructor(respond: (result: ResponseResult) => void) {
    this.#respond = respond;
  }

  /** Once only; traps the second time. */
  static set(param: ResponseOutparam, result: ResponseResult): void {
    const respond = param.#respond;
    if (respond === undefined) throw new WebAssembly.RuntimeError('a second response to one request');
    param.#respond = undefined;
    respond(result);
  }

  [Symbol.dispose](): void {}
}
