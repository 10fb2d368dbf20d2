import type { SentOperations, TraceHeaders, WasmcpErrorCode } from '../../../host/index.ts';
import type { GuestRequest } from '../../http/handler.ts';
import type { InstanceCounts } from '../../snapshot/instance-counter.ts';

/**
 * Messages between the main thread and a worker. The main thread owns sockets and deadlines, the worker owns guests;
 * every message about a request carries its number. Header lists are flat (name, value, name, value, …) with
 * latin1 values, as `node:http` has them.
 */
export interface RequestMessage
  extends Pick<GuestRequest, 'method' | 'scheme' | 'authority' | 'path' | 'headers'> {
  readonly type: 'request';
  readonly id: number;
  /** The whole body, see `SMALL`; undefined if there is none, or it `follows` in `body` messages. */
  readonly body: Uint8Array | string | undefined;
  readonly follows: boolean;
  /** When the response must have begun, see `toShared`; later, if the body `follows` and is read. */
  readonly due: number;
  readonly fence: GuestRequest['fence'];
  readonly env: GuestRequest['env'];
  /** What requests of the guest carry. */
  readonly trace: TraceHeaders | undefined;
  readonly change: GuestRequest['change'];
}

export type ToWorker =
  | RequestMessage
  | { readonly type: 'body'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'body-end'; readonly id: number; readonly trailers: string[] }
  | { readonly type: 'body-failed'; readonly id: number }
  /** This many bytes of the response were sent: the guest may write as many more. */
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  /** The client disconnected: the guest's writes fail as closed, but it may continue to run. */
  | { readonly type: 'gone'; readonly id: number }
  /** The guest must stop. */
  | { readonly type: 'abort'; readonly id: number; readonly reason: string }
  /** This many bytes of guests' output and logging were passed on. */
  | { readonly type: 'output-taken'; readonly bytes: number }
  /** `idle`: memory is short, so discard idle instances and collect garbage. Otherwise nothing runs: collect everything. */
  | { readonly type: 'press'; readonly idle: boolean }
  /** No more requests: close the store and exit. */
  | { readonly type: 'close' };

/**
 * Sends to a worker; the memory of `transfer` moves along. All bytes in a message belong to the receiver: with guests in the
 * caller's thread, nothing copies them.
 */
export type Post = (message: ToWorker, transfer?: ArrayBuffer[]) => void;

/** The guest is finished and has released its instance. */
interface Finished {
  readonly id: number;
  /** Nothing in the response can come from the store, files or the network, see `Guest`. */
  readonly isIndependent: boolean;
  /** What the guest has used, if that is measured. */
  readonly usage: Usage | undefined;
  /** What became of instances since the last report with `usage`; undefined if exactly one was restored. */
  readonly instances: InstanceCounts | undefined;
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly code: WasmcpErrorCode; readonly message: string }
  | { readonly type: 'head'; readonly id: number; readonly status: number; readonly headers: string[] }
  | { readonly type: 'chunk'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly id: number; readonly trailers: string[] }
  /** A whole small response, from `head` to `done`, with its body as latin1 text. */
  | (Finished & {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: string[];
      readonly body: string;
    })
  /** The guest took this many bytes of the request's body. */
  | { readonly type: 'taken'; readonly id: number; readonly bytes: number }
  /** `failure` says what went wrong, if anything. */
  | (Finished & { readonly type: 'done'; readonly failure: GuestFailure | undefined })
  /** What a guest has done so far, when it is much. */
  | { readonly type: 'operations'; readonly id: number; readonly operations: SentOperations }
  /** After `press`: the largest guest, and the size of its memories and host objects. */
  | { readonly type: 'measured'; readonly id: number; readonly bytes: number }
  /** Instances cannot be restored: each request gets a new one. */
  | { readonly type: 'degraded'; readonly reason: string }
  /** The store no longer gives any guarantee. */
  | { readonly type: 'store-broken'; readonly message: string }
  /** The store's disk is full, or has room again. */
  | { readonly type: 'store-full'; readonly isFull: boolean }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  | LogMessage;

/** What a guest logs through wasi:logging. */
export interface LogMessage {
  readonly type: 'log';
  readonly level: string;
  readonly context: string;
  readonly message: string;
}

/**
 * What a guest has used for a request, as numbers in a flat list, which costs a fraction of an object to send: milliseconds of the
 * processor, units, and from `OPERATIONS_AT` on what it did that was not reported yet.
 */
export type Usage = SentOperations;

export const OPERATIONS_AT = 2;

export interface GuestFailure {
  readonly code: WasmcpErrorCode;
  readonly message: string;
}

/** What each message of guests' output and logging counts besides its text: many short ones keep the main thread busy, too. */
const OUTPUT_COST = 256;

/** The size that a log message counts while it is in transit. */
export function logSize({ context, message }: LogMessage): number {
  return OUTPUT_COST + context.length + message.length;
}

/** The same for output. */
export function outputSize({ length }: Uint8Array): number {
  return OUTPUT_COST + length;
}

/** Bytes of a body that may be in transit, per request and direction, before the writer must wait. */
export const WINDOW: number = 256 * 1024;

/** Bodies up to this many bytes are posted as latin1 text: cheaper than a buffer, and no work for the garbage collector. */
export const SMALL: number = 16 * 1024;
