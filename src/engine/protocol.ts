import type { Change, WasmcpErrorCode } from '../../host/index.ts';

/**
 * What the main thread and a worker say to each other. The main thread owns sockets and deadlines, the worker owns
 * guests; every message about a request carries its number. Header lists are flat (name, value, name, value, …) with
 * latin1 values, as `node:http` has them.
 */
export interface RequestMessage {
  readonly type: 'request';
  readonly id: number;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  readonly path: string;
  readonly headers: string[];
  /** The whole body, see `SMALL`; undefined when there is none, or it `follows` in `body` messages. */
  readonly body: Uint8Array | string | undefined;
  readonly follows: boolean;
  /** To tell the guest's watcher of, in place of a request to answer. */
  readonly change?: Change;
}

export type ToWorker =
  | RequestMessage
  | { readonly type: 'body'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'body-end'; readonly id: number; readonly trailers: string[] }
  | { readonly type: 'body-failed'; readonly id: number }
  /** So many bytes of the response have left: the guest may write as many more. */
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  /** The client went away: the guest's writes fail as closed, it may run on. */
  | { readonly type: 'gone'; readonly id: number }
  /** The guest must stop. */
  | { readonly type: 'abort'; readonly id: number; readonly reason: string }
  /** So many bytes of guests' output and logging were passed on. */
  | { readonly type: 'output-taken'; readonly bytes: number }
  /** Nothing to do but to take it: the main thread looks whether it is taken. */
  | { readonly type: 'beat' }
  /** The requests that were sent before and are not begun yet were withdrawn. */
  | { readonly type: 'withdrawn' }
  /** Memory is short, or nothing runs: collect garbage, and give up instances that are `idle`, if asked to. */
  | { readonly type: 'press'; readonly idle: boolean }
  /** No more requests: close the store and end. */
  | { readonly type: 'close' };

export type FromWorker =
  /** `thread` is its id at the operating system, if that gives any. */
  | { readonly type: 'ready'; readonly thread: number | undefined }
  /** It takes messages again after `withdrawn`. */
  | { readonly type: 'back' }
  | { readonly type: 'failed'; readonly code: WasmcpErrorCode; readonly message: string }
  | { readonly type: 'head'; readonly id: number; readonly status: number; readonly headers: string[] }
  | { readonly type: 'chunk'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly id: number; readonly trailers: string[] }
  /** All of a small answer, from `head` to `done`, with its body as latin1 text. */
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly status: number;
      readonly headers: string[];
      readonly body: string;
    }
  /** The guest took so many bytes of the request's body. */
  | { readonly type: 'taken'; readonly id: number; readonly bytes: number }
  /** The guest is finished and its instance gone; `failure` when it ended badly. */
  | { readonly type: 'done'; readonly id: number; readonly failure?: GuestFailure }
  /** After `press`: the guest that holds most, and what its memories and host objects take. */
  | { readonly type: 'measured'; readonly id: number; readonly bytes: number }
  /** Instances cannot be restored: each request gets a new one. */
  | { readonly type: 'degraded'; readonly reason: string }
  /** The store can promise nothing any more. */
  | { readonly type: 'store-broken'; readonly message: string }
  /** The store's disk is full, or takes new entries again. */
  | { readonly type: 'store-full'; readonly isFull: boolean }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  | LogMessage;

/** What a guest says through wasi:logging. */
export interface LogMessage {
  readonly type: 'log';
  readonly level: string;
  readonly context: string;
  readonly message: string;
}

export interface GuestFailure {
  readonly code: WasmcpErrorCode;
  readonly message: string;
}

/** What a message counts while it is under way, as output does by its length. */
export function logSize({ context, message }: LogMessage): number {
  return 64 + context.length + message.length;
}

/** Bytes of a body that may be on their way, per request and direction, before the writer has to wait. */
export const WINDOW: number = 256 * 1024;

/** Bytes of a body up to which it travels as latin1 text: cheaper to send than memory of its own, and no work for the collector. */
export const SMALL: number = 16 * 1024;
