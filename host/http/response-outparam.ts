import type { HttpErrorCode } from '../io/error.ts';
import type { OutgoingResponse } from './outgoing-response.ts';

/** What a guest answers with: `result<outgoing-response, error-code>`. */
export type ResponseResult =
  | { readonly tag: 'ok'; readonly val: OutgoingResponse }
  | { readonly tag: 'err'; readonly val: HttpErrorCode };

/** The resource `response-outparam` of `wasi:http/types`. */
export class ResponseOutparam {
  #answer: ((result: ResponseResult) => void) | undefined;

  constructor(answer: (result: ResponseResult) => void) {
    this.#answer = answer;
  }

  /** Traps the second time. */
  static set(param: ResponseOutparam, result: ResponseResult): void {
    const answer = param.#answer;
    if (answer === undefined) throw new WebAssembly.RuntimeError('a second answer to one request');
    param.#answer = undefined;
    answer(result);
  }

  [Symbol.dispose](): void {}
}
