import type { HttpErrorCode } from '../io/error.ts';

/**
 * What `get` of the futures in `wasi:http/types` returns: undefined until there is an outcome, then the outcome, once, and an
 * error afterwards.
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
