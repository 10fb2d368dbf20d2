import type { HttpErrorCode } from '../io/error.ts';

/**
 * What `get` of the futures in `wasi:http/types` answers: nothing while the outcome is open, then the outcome, once,
 * and an error after that.
 */
export type FutureResult<T> =
  | undefined
  | { readonly tag: 'err'; readonly val: undefined }
  | {
      readonly tag: 'ok';
      readonly val:
        | { readonly tag: 'ok'; readonly val: T }
        | { readonly tag: 'err'; readonly val: HttpErrorCode };
    };
